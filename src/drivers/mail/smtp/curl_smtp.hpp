#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "drivers/mail/smtp/smtp_mailer.hpp"

namespace slipway::mail {

// One exchange with the server by libcurl: connects, secures, logs in, then hands over the mail; with an empty `to`
// says only NOOP. Throws what SmtpMailer throws.
struct Delivery {
  std::string from;  // mailboxes of the envelope
  std::string to;
  std::string_view content;
};
void run_smtp(const SmtpOptions& options, const Delivery& delivery);

// How curl's result and the server's last reply ("550 5.1.1 No such user", may be empty) read as an error.
Error smtp_error(const SmtpOptions& options, int curl_code, std::string_view curl_text, std::string_view reply);

}  // namespace slipway::mail
