#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

#include "base/text.hpp"
#include "drivers/mail/resend/resend_mailer.hpp"

namespace slipway::mail {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr seconds rate_limit_wait{1};
constexpr seconds longest_wait = hours(24);
constexpr std::size_t words_limit_bytes = 500;

struct Meaning {
  std::string_view name;  // as Resend's documentation calls it
  ErrorKind kind;
  std::string_view advice;
  std::optional<seconds> wait = std::nullopt;  // where the answer names none
};

// https://resend.com/docs/api-reference/errors; what is missing here follows from the status.
constexpr Meaning meanings[] = {
    {"missing_api_key", ErrorKind::unauthorized, "set the API key"},
    {"invalid_api_key", ErrorKind::unauthorized, "check the API key"},
    {"restricted_api_key", ErrorKind::unauthorized, "use a key that may send mail"},
    {"suspended_api_key", ErrorKind::unauthorized, "the API key is suspended; see Resend's dashboard"},
    {"invalid_from_address", ErrorKind::forbidden, "verify the sender's domain with Resend"},
    {"invalid_to_address", ErrorKind::forbidden, "verify a domain of yours with Resend"},
    {"invalid_idempotent_request", ErrorKind::conflict, "this key was used for another mail in the last 24 hours"},
    {"concurrent_idempotent_requests", ErrorKind::unavailable, "the first try is still under way", seconds(1)},
    {"rate_limit_exceeded", ErrorKind::limited, "too many requests a second", rate_limit_wait},
    {"daily_quota_exceeded", ErrorKind::limited, "the day's quota is spent; it comes back, or raise the plan",
     hours(1)},
    {"monthly_quota_exceeded", ErrorKind::limited, "the month's quota is spent; raise the plan", hours(6)},
};

Meaning by_status(int status) {
  switch (status) {
    case 401:
      return {"", ErrorKind::unauthorized, "check the API key"};
    case 403:
      return {"", ErrorKind::forbidden, "see that the sender's domain is verified with Resend"};
    case 404:
    case 405:
      return {"", ErrorKind::invalid, "is the endpoint Resend's?"};
    case 408:
    case 425:
      return {"", ErrorKind::unavailable, "try again"};
    case 409:
      return {"", ErrorKind::conflict, "this key was used for another mail"};
    case 429:
      return {"", ErrorKind::limited, "too many requests", rate_limit_wait};
    default:
      break;
  }
  if (status >= 400 && status < 500) return {"", ErrorKind::invalid, "the mail is not acceptable to Resend"};
  return {"", ErrorKind::unavailable, "Resend has trouble of its own; try again"};
}

Meaning meaning_of(std::string_view name, int status) {
  for (const Meaning& m : meanings) {
    if (m.name == name) return m;
  }
  return by_status(status);
}

// "Retry-After" in seconds; Resend sends whole numbers. Nothing where it is absent or makes no sense.
std::optional<seconds> asked_wait(const net::Headers& headers) {
  for (const char* name : {"retry-after", "ratelimit-reset"}) {
    const std::string text = trimmed(net::header(headers, name));
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || code != std::errc() || end != text.data() + text.size() || value < 0) continue;
    return std::clamp(seconds(value), rate_limit_wait, longest_wait);
  }
  return std::nullopt;
}

struct Words {
  std::string name;
  std::string message;
};

// Resend's {statusCode, name, message}; a proxy on the way may have answered something else.
Words words_of(const std::string& body) {
  boost::json::error_code code;
  const boost::json::value parsed = boost::json::parse(body, code);
  if (code || !parsed.is_object()) return {"", "without a readable reason"};
  const auto text = [&](std::string_view member) {
    const boost::json::value* found = parsed.as_object().if_contains(member);
    return found != nullptr && found->is_string() ? std::string(found->as_string()) : std::string();
  };
  std::string message = text("message");
  if (message.size() > words_limit_bytes || has_control_characters(message)) message = "with an unprintable reason";
  return {text("name"), message};
}

}  // namespace

Error resend_error(const net::Response& answer) {
  const Words words = words_of(answer.body);
  const Meaning meaning = meaning_of(words.name, answer.status);
  Error error(meaning.kind, fmt::format("resend: {}{}{}: {} ({})", answer.status, meaning.name.empty() ? "" : " ",
                                        meaning.name, words.message, meaning.advice));
  if (!meaning.wait) return error;
  // A spent quota is not back in the second that a rate limit would ask for.
  const seconds wait = std::max(asked_wait(answer.headers).value_or(*meaning.wait), *meaning.wait);
  return std::move(error).after(wait);
}

}  // namespace slipway::mail
