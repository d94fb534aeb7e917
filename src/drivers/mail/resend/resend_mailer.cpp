#include "drivers/mail/resend/resend_mailer.hpp"

#include <boost/json.hpp>

#include "drivers/mail/rfc5322/compose.hpp"

namespace slipway::mail {
namespace {

// The same message gives the same bytes: Resend compares them when a key comes again.
std::string to_body(const Message& message) {
  boost::json::object body{
      {"from", message.from}, {"to", boost::json::array{message.to}}, {"subject", message.subject}};
  if (!message.reply_to.empty()) body["reply_to"] = message.reply_to;
  if (!message.text.empty()) body["text"] = message.text;
  if (!message.html.empty()) body["html"] = message.html;
  return boost::json::serialize(body);
}

net::Endpoint endpoint_of(const ResendOptions& options) {
  net::Endpoint endpoint;
  endpoint.url = options.endpoint;
  endpoint.ca_file = options.ca_file;
  return endpoint;
}

constexpr std::size_t answer_limit_bytes = 1u << 20;

}  // namespace

ResendMailer::ResendMailer(ResendOptions options)
    : options_(std::move(options)), http_(endpoint_of(options_), answer_limit_bytes) {}

net::Response ResendMailer::call(const std::string& method, const std::string& target, net::Headers headers,
                                 std::string body) {
  net::ClientRequest request;
  request.method = method;
  request.target = target;
  request.headers = std::move(headers);
  request.headers.emplace_back("Authorization", "Bearer " + options_.api_key.reveal());
  request.headers.emplace_back("User-Agent", "slipway");  // Resend answers 403 without one
  request.headers.emplace_back("Accept", "application/json");
  request.body = std::move(body);
  request.timeout = options_.timeout;
  net::Response answer = with_context("resend", [&] { return http_.send(request); });
  answer.body = masked(answer.body, options_.api_key);  // its words may become part of an error
  return answer;
}

std::string ResendMailer::send(const Message& message, const std::string& key) {
  require_sendable(message, key);
  const net::Response answer =
      call("POST", "/emails", {{"Content-Type", "application/json"}, {"Idempotency-Key", key}}, to_body(message));
  if (answer.status / 100 != 2) throw resend_error(answer);
  // Taken. Where the answer cannot be read, the same key asks for it again without a second mail.
  boost::json::error_code code;
  const boost::json::value parsed = boost::json::parse(answer.body, code);
  const boost::json::value* id = !code && parsed.is_object() ? parsed.as_object().if_contains("id") : nullptr;
  if (id == nullptr || !id->is_string() || id->as_string().empty()) {
    throw Error(ErrorKind::unavailable, "resend: the answer names no id; it is safe to ask again");
  }
  return std::string(id->as_string());
}

std::string ResendMailer::check() {
  const net::Response answer = call("GET", "/domains", {}, "");
  if (answer.status / 100 == 2) return "Resend";
  // A key that may only send, which is the better one to give to Slipway, may not list domains.
  if (answer.status == 401 && answer.body.find("restricted_api_key") != std::string::npos) {
    return "Resend (key for sending only)";
  }
  throw resend_error(answer);
}

}  // namespace slipway::mail
