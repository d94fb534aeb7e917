#include "aws/bucket.hpp"

#include <fmt/format.h>

#include <thread>

#include "aws/answer.hpp"
#include "aws/endpoints.hpp"
#include "base/backoff.hpp"
#include "net/endpoint.hpp"

namespace slipway::aws {
namespace {

const Service s3{"s3", "s3", "s3", Protocol::query, "", "2006-03-01"};
constexpr unsigned most_tries = 4;
constexpr Backoff backoff{Millis(200), Millis(5'000)};
constexpr Millis longest_exchange{300'000};  // a zip over a slow line

net::Endpoint endpoint_for(const Session& session) {
  const std::string own = endpoint_of(s3, session.region, session.use_fips, session.use_dual_stack);
  net::Endpoint endpoint{.url = own, .ca_file = session.ca_file};
  if (session.endpoint_override) {
    if (auto url = session.endpoint_override(s3.id); !url.empty()) endpoint.url = std::move(url);
  }
  return endpoint;
}

}  // namespace

Bucket::Bucket(const Session& session, std::string name)
    : session_(session), name_(std::move(name)), endpoint_(endpoint_for(session)), http_(endpoint_) {}

bool Bucket::has(const std::string& key) { return send("HEAD", "/" + key, "", "").status == 200; }

void Bucket::put(const std::string& key, const std::string& body) {
  if (send("PUT", "/" + key, "", body).status == 404) {
    throw Error(ErrorKind::not_found, fmt::format("s3: there is no bucket {}", name_));
  }
}

void Bucket::empty() {
  // A page holds at most 1,000 keys; what is deleted is not listed again.
  while (true) {
    const net::Response page = send("GET", "", "list-type=2", "");
    if (page.status == 404) return;
    const XmlElement listing = parse_xml(page.body, "s3");
    const auto keys = listing.all("Contents/Key");
    if (keys.empty()) return;
    for (const XmlElement* key : keys) send("DELETE", "/" + key->text, "", "");
  }
}

net::Response Bucket::send(const std::string& method, const std::string& path, const std::string& query,
                           const std::string& body) {
  for (unsigned tries = 1;; ++tries) {
    try {
      return try_once(method, path, query, body);
    } catch (const Error& e) {
      if (!e.retryable() || tries == most_tries) throw;
      const Millis wait = backoff.wait(tries - 1, session_.random);
      session_.sleep ? session_.sleep(wait) : std::this_thread::sleep_for(wait);
    }
  }
}

net::Response Bucket::try_once(const std::string& method, const std::string& path, const std::string& query,
                               const std::string& body) {
  const net::Target target = net::parse_endpoint(endpoint_.url);
  SignableRequest signable;
  signable.method = method;
  signable.path = target.base_path + "/" + name_ + path;  // keys are of characters that need no encoding
  signable.query = query;
  signable.headers = {{"Host", target.host_header}};
  signable.body = body;
  SigningOptions options;
  options.region = session_.region;
  options.service = s3.signing_name;
  options.normalize_path = false;
  options.content_hash_header = true;
  const Credentials credentials = session_.credentials.get();
  const Signature signature = sign(signable, credentials, options, session_.clock.now(), keys_);
  net::ClientRequest request;
  request.method = method;
  request.target = "/" + name_ + path + (query.empty() ? "" : "?" + query);
  request.headers = signable.headers;
  request.headers.insert(request.headers.end(), signature.headers.begin(), signature.headers.end());
  request.body = body;
  request.timeout = longest_exchange;
  net::Response answer = http_.send(request);
  if (answer.status >= 300 && answer.status != 404) throw refusal(s3.id, method + " " + path, answer, credentials);
  return answer;
}

}  // namespace slipway::aws
