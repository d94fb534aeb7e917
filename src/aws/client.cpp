#include "aws/client.hpp"

#include <atomic>
#include <thread>

#include "aws/answer.hpp"
#include "aws/endpoints.hpp"
#include "aws/rate_limit.hpp"
#include "aws/signer.hpp"
#include "base/backoff.hpp"
#include "base/json.hpp"
#include "net/endpoint.hpp"
#include "net/http_client.hpp"
#include "net/http_date.hpp"

namespace slipway::aws {
namespace {

// DynamoDB answers in milliseconds and its own SDKs come back as fast; the others are left in peace a little longer.
constexpr Backoff dynamodb_backoff{Millis(25), Millis(2'000)};
constexpr Backoff other_backoff{Millis(100), Millis(5'000)};
constexpr Backoff throttled_backoff{Millis(500), Millis(20'000)};
// AWS takes a request whose time is at most this far from its own.
constexpr std::chrono::minutes tolerated_skew{4};
constexpr std::chrono::seconds longest_wait_for_limit{30};

std::string url_of(const Session& session, const Service& service) {
  if (session.endpoint_override) {
    if (auto url = session.endpoint_override(service.id); !url.empty()) return url;
  }
  return endpoint_of(service, session.region, session.use_fips, session.use_dual_stack);
}

net::Endpoint endpoint_for(const Session& session, const Service& service) {
  net::Endpoint endpoint;
  endpoint.url = url_of(session, service);
  endpoint.ca_file = session.ca_file;
  // An endpoint of somebody else's has a certificate of somebody else's.
  const bool own = endpoint.url == endpoint_of(service, session.region, session.use_fips, session.use_dual_stack);
  if (own) endpoint.ca_pem = session.ca_pem;
  return endpoint;
}

std::string form_of(std::string_view operation, const Service& service, const Parameters& parameters) {
  auto form = fmt::format("Action={}&Version={}", operation, service.api_version);
  for (const auto& [name, value] : parameters) {
    form.append("&").append(net::url_encoded(name)).append("=").append(net::url_encoded(value));
  }
  return form;
}

}  // namespace

struct Client::Impl {
  Session session;
  Service service;
  net::Target target;
  net::HttpClient http;
  RateLimiter limiter;
  RetryBudget budget;
  SigningKeys keys;
  std::atomic<std::int64_t> skew_ms{0};  // AWS's clock less ours

  Impl(const Session& s, const Service& which)
      : session(s),
        service(which),
        target(net::parse_endpoint(url_of(s, which))),
        http(endpoint_for(s, which)),
        limiter(which.id) {}

  TimePoint now() const { return session.clock.now() + Millis(skew_ms); }

  void sleep(Millis time) const {
    if (time.count() <= 0) return;
    if (session.sleep) {
      session.sleep(time);
    } else {
      std::this_thread::sleep_for(time);
    }
  }

  void wait_for_limit(std::string_view operation) {
    const auto wait = limiter.reserve(operation, session.clock.now());
    if (wait > longest_wait_for_limit) {
      throw Error(ErrorKind::limited, fmt::format("{}: {}: not sent: AWS's own limit for it is reached for another {}",
                                                  service.id, operation, human(wait)))
          .after(wait);
    }
    sleep(wait);
  }

  net::ClientRequest signed_request(std::string_view operation, const std::string& body, const Credentials& credentials,
                                    Millis timeout) {
    SignableRequest request;
    request.path = target.base_path + "/";
    request.body = body;
    request.headers = {{"Host", target.host_header}};
    if (service.protocol == Protocol::query) {
      request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    } else {
      const auto version = service.protocol == Protocol::json_1_0 ? "1.0" : "1.1";
      request.headers.emplace_back("Content-Type", fmt::format("application/x-amz-json-{}", version));
      request.headers.emplace_back("X-Amz-Target", fmt::format("{}.{}", service.target_prefix, operation));
    }
    SigningOptions options;
    options.region = session.region;
    options.service = service.signing_name;
    auto signature = sign(request, credentials, options, now(), keys);
    net::ClientRequest sent;
    sent.method = request.method;
    sent.target = "/";  // the client puts the base path in front
    sent.headers = std::move(request.headers);
    for (auto& header : signature.headers) sent.headers.push_back(std::move(header));
    sent.body = body;
    sent.timeout = timeout;
    return sent;
  }

  // What one try came to: an answer, or why the next one is worth it and how long to wait first.
  struct Try {
    std::optional<net::Response> answer;
    std::optional<ServiceError> refused;
    std::optional<Error> broken;  // nothing came back, or not the whole
    bool at_once = false;         // the cause is mended already
    bool worth_another = false;

    [[noreturn]] void raise() const {
      if (refused) throw *refused;
      throw *broken;
    }
  };

  Try try_once(std::string_view operation, const std::string& body, Millis timeout) {
    Try result;
    const auto credentials = session.credentials.get();
    const auto sent_at = session.clock.now();
    net::Response answer;
    try {
      answer = http.send(signed_request(operation, body, credentials, timeout));
    } catch (const Error& e) {
      result.broken.emplace(e);
      result.broken->add_context(fmt::format("{}: {}", service.id, operation));
      result.worth_another = e.retryable();
      return result;
    }
    if (!crc32_agrees(answer)) {
      result.broken.emplace(
          ErrorKind::unavailable,
          fmt::format("{}: {}: the answer was damaged on its way (X-Amz-Crc32)", service.id, operation));
      result.worth_another = true;
      return result;
    }
    if (answer.status < 300) {
      result.answer = std::move(answer);
      return result;
    }
    result.refused = refusal(service.id, operation, answer, credentials);
    result.worth_another = may_retry(*result.refused);
    if (is_clock_skew(*result.refused) && correct_clock(answer, sent_at)) {
      result.worth_another = result.at_once = true;
    } else if (is_expired_credentials(result.refused->code())) {
      session.credentials.refused(credentials.access_key_id);
      result.worth_another = session.credentials.get().access_key_id != credentials.access_key_id;
      result.at_once = true;
    }
    return result;
  }

  // True where AWS's clock was learnt to be another than the one that was signed.
  bool correct_clock(const net::Response& answer, TimePoint sent_at) {
    const auto theirs = net::date_of(answer);
    if (!theirs) return false;
    const auto skew = *theirs - sent_at;
    const auto change = skew - Millis(skew_ms);
    if (change < tolerated_skew && change > -tolerated_skew) return false;
    skew_ms = skew.count();
    return true;
  }

  Millis wait_before(unsigned retry, const Try& failed) const {
    if (failed.at_once) return Millis(0);
    const bool throttled = failed.refused && failed.refused->kind() == ErrorKind::limited;
    const Backoff own = service.id == "dynamodb" ? dynamodb_backoff : other_backoff;
    const auto wait = (throttled && service.id != "dynamodb" ? throttled_backoff : own).wait(retry, session.random);
    const Millis asked = failed.refused ? failed.refused->retry_after().value_or(Millis(0)) : Millis(0);
    return std::max(wait, asked);
  }

  net::Response exchange(std::string_view operation, const std::string& body, const CallOptions& options) {
    for (unsigned retry = 0;; ++retry) {
      wait_for_limit(operation);
      auto result = try_once(operation, body, options.timeout);
      if (result.answer) {
        budget.give_back();
        return std::move(*result.answer);
      }
      if (!result.worth_another || retry + 1 >= options.tries || !budget.take()) result.raise();
      sleep(wait_before(retry, result));
    }
  }
};

Client::Client(const Session& session, const Service& service) : impl_(std::make_unique<Impl>(session, service)) {}
Client::~Client() = default;

boost::json::object Client::call(std::string_view operation, const boost::json::object& input,
                                 const CallOptions& options) {
  const auto answer = impl_->exchange(operation, boost::json::serialize(input), options);
  if (answer.body.empty()) return {};
  auto value = parse_json(answer.body, impl_->service.id);
  if (!value.is_object()) {
    throw Error(ErrorKind::internal, fmt::format("{}: {}: the answer is no JSON object", impl_->service.id, operation));
  }
  return std::move(value.get_object());
}

XmlElement Client::call(std::string_view operation, const Parameters& parameters, const CallOptions& options) {
  const auto answer = impl_->exchange(operation, form_of(operation, impl_->service, parameters), options);
  return parse_xml(answer.body, fmt::format("{}: {}", impl_->service.id, operation));
}

}  // namespace slipway::aws
