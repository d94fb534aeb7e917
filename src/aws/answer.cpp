#include "aws/answer.hpp"

#include <boost/crc.hpp>
#include <charconv>

#include "base/json.hpp"
#include "base/text.hpp"

namespace slipway::aws {
namespace {

constexpr std::size_t words_limit_bytes = 600;
constexpr std::chrono::seconds longest_wait{60};

bool any_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::any_of(parts.begin(), parts.end(),
                     [&](std::string_view part) { return text.find(part) != std::string_view::npos; });
}

// "aws.protocoltests#FooError:http://internal/" -> "FooError".
std::string bare_name(std::string_view name) {
  if (const auto at = name.find('#'); at != std::string_view::npos) name.remove_prefix(at + 1);
  return std::string(name.substr(0, name.find(':')));
}

struct Words {
  std::string code;
  std::string message;
  std::string request_id;
  boost::json::object details;
};

Words json_words(const net::Response& answer) {
  Words words;
  boost::json::error_code ec;
  auto value = boost::json::parse(answer.body, ec);
  if (!ec && value.is_object()) words.details = std::move(value.get_object());
  const auto text = [&](std::string_view key) {
    const auto* found = words.details.if_contains(key);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  // Some services say it in the header, some in the body, some as "code".
  for (const auto& name : {net::header(answer.headers, "x-amzn-ErrorType"), text("__type"), text("code")}) {
    if (words.code.empty()) words.code = bare_name(name);
  }
  words.message = text("message");
  if (words.message.empty()) words.message = text("Message");
  words.request_id = net::header(answer.headers, "x-amzn-RequestId");
  return words;
}

// <ErrorResponse><Error><Code>…, EC2's <Response><Errors><Error><Code>…, and <Error><Code>… alone.
Words xml_words(const net::Response& answer) {
  Words words;
  const XmlElement root = parse_xml(answer.body, "the answer");
  const XmlElement* error = nullptr;
  if (root.name == "Error") error = &root;
  if (error == nullptr) error = root.child("Error");
  if (const auto* errors = root.child("Errors"); error == nullptr && errors != nullptr) error = errors->child("Error");
  if (error != nullptr) {
    words.code = error->text_at("Code");
    words.message = error->text_at("Message");
  }
  words.request_id = root.text_at("RequestId");
  if (words.request_id.empty()) words.request_id = root.text_at("RequestID");
  return words;
}

Words words_of(const net::Response& answer) {
  if (trimmed(answer.body).starts_with('<')) {
    try {
      return xml_words(answer);
    } catch (const Error&) {
      return {};  // a proxy's page, perhaps: the status is all there is
    }
  }
  return json_words(answer);
}

ErrorKind kind_of(std::string_view code, int status) {
  if (is_throttling(code) || status == 429) return ErrorKind::limited;
  if (any_of(code, {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized",
                    "NotAuthorizedException", "AuthorizationError", "UnauthorizedException", "OptInRequired"})) {
    return ErrorKind::forbidden;
  }
  if (is_expired_credentials(code) ||
      any_of(code, {"UnrecognizedClientException", "InvalidClientTokenId", "SignatureDoesNotMatch", "AuthFailure",
                    "InvalidSignatureException", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
                    "IncompleteSignature", "IncompleteSignatureException", "InvalidAccessKeyId", "RequestExpired",
                    "RequestTimeTooSkewed", "InvalidToken"})) {
    return ErrorKind::unauthorized;
  }
  if (contains_any(code, {"NotFound", "DoesNotExist", "NonExistent", "NoSuch"})) return ErrorKind::not_found;
  if (contains_any(code, {"AlreadyExists", "Conflict", "ConditionalCheckFailed", "TransactionCanceled", "InUse",
                          "IdempotentParameterMismatch", "Duplicate", "InvalidChangeSetStatus"})) {
    return ErrorKind::conflict;
  }
  if (status >= 500 || any_of(code, {"InternalFailure", "InternalError", "InternalServerError", "ServerException",
                                     "ServiceUnavailable", "RequestTimeout", "RequestTimeoutException"})) {
    return ErrorKind::unavailable;
  }
  if (status == 401) return ErrorKind::unauthorized;
  if (status == 403) return ErrorKind::forbidden;
  if (status == 404) return ErrorKind::not_found;
  return status == 409 ? ErrorKind::conflict : ErrorKind::invalid;
}

std::optional<Millis> asked_wait(const net::Headers& headers) {
  const auto number = [&](std::string_view name) -> std::optional<std::int64_t> {
    const auto text = trimmed(net::header(headers, name));
    std::int64_t value = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || value < 0) return std::nullopt;
    return std::min<std::int64_t>(value, 86'400'000);
  };
  std::optional<Millis> wait;
  if (const auto millis = number("x-amz-retry-after")) wait = Millis(*millis);
  if (const auto seconds = number("Retry-After"); !wait && seconds) wait = std::chrono::seconds(*seconds);
  if (wait) wait = std::min<Millis>(*wait, longest_wait);
  return wait;
}

}  // namespace

std::string safe_text(std::string_view text, const Credentials& credentials) {
  auto safe = masked(masked(text, credentials.session_token), credentials.secret_access_key);
  safe = safe.substr(0, safe.find('\n'));  // a wrong signature's answer goes on with the signed headers
  if (safe.size() > words_limit_bytes) {
    std::size_t end = words_limit_bytes;
    while (end > 0 && (static_cast<unsigned char>(safe[end]) & 0xC0) == 0x80) --end;  // not amid a code point
    safe = safe.substr(0, end) + "…";
  }
  return has_control_characters(safe) ? "an unprintable reason" : safe;
}

ServiceError refusal(std::string_view service, std::string_view operation, const net::Response& answer,
                     const Credentials& credentials) {
  Words words = words_of(answer);
  if (has_control_characters(words.code) || words.code.size() > 128) words.code.clear();
  std::string text = fmt::format("{}: {}: {}", service, operation,
                                 words.code.empty() ? fmt::format("status {}", answer.status) : words.code);
  if (const auto said = safe_text(words.message, credentials); !said.empty()) text += ": " + said;
  if (!words.request_id.empty() && !has_control_characters(words.request_id)) {
    text += fmt::format(" (request {})", words.request_id.substr(0, 64));
  }
  ServiceError error(kind_of(words.code, answer.status), std::move(text), words.code, std::move(words.details));
  if (const auto wait = asked_wait(answer.headers)) static_cast<void>(static_cast<Error&&>(error).after(*wait));
  return error;
}

bool is_throttling(std::string_view code) {
  return any_of(
      code, {"Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
             "TooManyRequestsException", "ProvisionedThroughputExceededException", "TransactionInProgressException",
             "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException", "SlowDown",
             "PriorRequestNotComplete", "EC2ThrottledException"});
}

bool may_retry(const ServiceError& error) {
  // A limit of the account (LimitExceededException) does not pass by itself within a call.
  if (error.code() == "LimitExceededException") return false;
  return error.kind() == ErrorKind::limited || error.kind() == ErrorKind::unavailable;
}

bool is_clock_skew(const ServiceError& error) {
  if (any_of(error.code(), {"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})) return true;
  return error.kind() == ErrorKind::unauthorized &&
         contains_any(error.message(), {"Signature expired", "Signature not yet current"});
}

bool is_expired_credentials(std::string_view code) {
  return any_of(code, {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "CredentialsExpired"});
}

bool crc32_agrees(const net::Response& answer) {
  const auto text = net::header(answer.headers, "x-amz-crc32");
  std::uint32_t expected = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), expected);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size()) return true;
  boost::crc_32_type crc;
  crc.process_bytes(answer.body.data(), answer.body.size());
  return crc.checksum() == expected;
}

}  // namespace slipway::aws
