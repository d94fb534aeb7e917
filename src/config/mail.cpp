#include <fmt/format.h>

#include <filesystem>

#include "config/parts.hpp"
#include "config/values.hpp"
#include "model/mail_template.hpp"

namespace slipway::config {
namespace {

Secret parse_secret(const std::string& text) {
  if (text.empty()) throw Error(ErrorKind::invalid, "is empty");
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos) {
    throw Error(ErrorKind::invalid, "must be one line");
  }
  return Secret(text);
}

void read_smtp(const Section& section, Config::Smtp& smtp) {
  section.read("host", smtp.host, parse_host);
  section.read("security", smtp.security, [](std::string_view text) {
    return static_cast<Config::SmtpSecurity>(parse_choice(text, {"starttls", "tls", "none"}));
  });
  constexpr std::uint16_t usual_ports[] = {587, 465, 25};
  smtp.port = usual_ports[static_cast<std::size_t>(smtp.security)];
  section.read("port", smtp.port, parse_port);
  section.read("user", smtp.user, parse_line);
  section.secret("password", smtp.password, parse_secret);
  if (section.has("user") != section.has("password")) {
    section.problem(section.has("user") ? "user" : "password", "user and password are given together or not at all");
  }
}

void check_driver(const Section& mail, Config::MailDriver driver) {
  if (driver == Config::MailDriver::outbox) return;
  mail.require("from", "the sender of every mail, such as Shop <hello@shop.example>");
  if (driver == Config::MailDriver::smtp) {
    mail.section("smtp").require("host", "mail.driver is smtp, which needs a server");
  } else {
    mail.section("resend").require("api_key", "mail.driver is resend, which needs one; best as file:PATH or ${NAME}");
  }
}

}  // namespace

void read_mail(const Section& top, Config& config) {
  const Section section = top.section("mail");
  Config::Mail& mail = config.mail;
  section.read("driver", mail.driver, [](std::string_view text) {
    return static_cast<Config::MailDriver>(parse_choice(text, {"outbox", "smtp", "resend"}));
  });
  section.read("from", mail.from, parse_mailbox);
  section.read("reply_to", mail.reply_to, parse_address);
  section.read("operator", mail.operator_address, parse_address);
  section.read("language", mail.language,
               [](std::string_view text) { return mail_languages()[parse_choice(text, mail_languages())]; });
  section.path("templates", mail.templates);
  std::error_code ec;
  if (!mail.templates.empty() && !std::filesystem::is_directory(mail.templates, ec)) {
    section.problem("templates", fmt::format("there is no folder {}", mail.templates.string()));
  }
  mail.outbox = config.data_dir / "mail";
  section.section("outbox").path("directory", mail.outbox);
  read_smtp(section.section("smtp"), mail.smtp);
  const Section resend = section.section("resend");
  resend.secret("api_key", mail.resend.api_key, parse_secret);
  resend.read("endpoint", mail.resend.endpoint, parse_http_url);
  check_driver(section, mail.driver);
}

}  // namespace slipway::config
