#pragma once
#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "contracts/mailer.hpp"

namespace slipway::mail {

// none: plain text. starttls: begins in plain text and goes no further than STARTTLS without it. tls: TLS from the
// first byte (port 465).
enum class SmtpSecurity { none, starttls, tls };

struct SmtpOptions {
  std::string host;
  std::uint16_t port = 587;
  SmtpSecurity security = SmtpSecurity::starttls;
  std::string user;  // empty: no authentication
  Secret password;
  Millis timeout{30'000};  // for a whole mail
  std::string ca_file;     // PEM; empty: the system's roots
};

// Sends each mail over a connection of its own. SMTP cannot tell repeats: the same key has the same Message-ID, by
// which a mail reader may, and that is all. Thread-safe.
// Errors: invalid (the server refuses the mail for good: 5xx), unauthorized (user or password), limited (450, 452),
// unavailable (cannot connect, TLS or certificate, timed out, torn, other 4xx).
class SmtpMailer : public Mailer {
 public:
  // Throws Error(invalid) for a password that would cross a network in plain text.
  SmtpMailer(SmtpOptions options, const Clock& clock);

  std::string send(const Message& message, const std::string& key) override;  // returns the Message-ID
  std::string check() override;  // connects and logs in, sends nothing; "SMTP smtp.example.com:587 (STARTTLS)"

 private:
  SmtpOptions options_;
  const Clock& clock_;
};

}  // namespace slipway::mail
