#include "drivers/mail/smtp/smtp_mailer.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "drivers/mail/rfc5322/compose.hpp"
#include "drivers/mail/smtp/curl_smtp.hpp"

namespace slipway::mail {
namespace {

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host == "[::1]" || host.starts_with("127.");
}

}  // namespace

SmtpMailer::SmtpMailer(SmtpOptions options, const Clock& clock) : options_(std::move(options)), clock_(clock) {
  if (options_.security == SmtpSecurity::none && !options_.user.empty() && !is_loopback(options_.host)) {
    throw Error(
        ErrorKind::invalid,
        fmt::format("smtp {}: the password would cross the network in plain text; use starttls or tls", options_.host));
  }
}

std::string SmtpMailer::send(const Message& message, const std::string& key) {
  const std::string content = compose(message, key, clock_.now());
  run_smtp(options_, {parse_address(message.from).mailbox, message.to, content});
  return message_id(message, key);
}

std::string SmtpMailer::check() {
  run_smtp(options_, {});
  const std::string_view security = options_.security == SmtpSecurity::none       ? "plain text"
                                    : options_.security == SmtpSecurity::starttls ? "STARTTLS"
                                                                                  : "TLS";
  return fmt::format("SMTP {}:{} ({})", options_.host, options_.port, security);
}

}  // namespace slipway::mail
