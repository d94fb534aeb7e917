#include "drivers/mail/rfc5322/compose.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "drivers/mail/rfc5322/encoding.hpp"

namespace slipway::mail {
namespace {

constexpr std::size_t body_limit_bytes = 1u << 20;
constexpr std::size_t header_limit_bytes = 2'000;  // far more than any name or subject needs

[[noreturn]] void refuse(std::string_view what, std::string_view why) {
  throw Error(ErrorKind::invalid, fmt::format("mail: {} {}", what, why));
}

// Of RFC 5322's addr-spec: a dot-atom, "@", a domain. Quoted local parts and address literals are not for us.
bool is_mailbox(std::string_view text) {
  const auto at = text.find('@');
  if (text.size() > 254 || at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
  if (text.find('@', at + 1) != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F && std::string_view("()<>[]:;,\\\"").find(c) == std::string_view::npos;
  });
}

std::string unquoted(std::string_view name) {
  if (name.size() < 2 || !name.starts_with('"') || !name.ends_with('"')) return std::string(name);
  std::string out;
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    if (name[i] == '\\' && i + 2 < name.size()) ++i;
    out += name[i];
  }
  return out;
}

void require_header(std::string_view name, const std::string& value) {
  if (value.size() > header_limit_bytes) refuse(name, fmt::format("is longer than {} bytes", header_limit_bytes));
  if (has_control_characters(value)) refuse(name, "holds a line break or another control character, or is not UTF-8");
}

void require_body(std::string_view name, const std::string& value) {
  if (value.size() > body_limit_bytes) refuse(name, fmt::format("is longer than {} bytes", body_limit_bytes));
  if (utf8_length(value) == std::string::npos) refuse(name, "is not valid UTF-8");
}

// 128 bits of the key's digest: what must be stable for a mail and differ between mails.
std::string digest_of(const std::string& key) { return to_hex(sha256("slipway mail " + key)).substr(0, 32); }

// RFC 5322 date-time. English names whatever the locale; "+0000", since the time zone is the sender's: UTC.
std::string date_time(TimePoint date) {
  const std::time_t seconds = std::chrono::floor<std::chrono::seconds>(date).time_since_epoch().count();
  return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000", fmt::gmtime(seconds));
}

std::string part(std::string_view type, std::string_view content) {
  return fmt::format("Content-Type: {}; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{}", type,
                     quoted_printable(content));
}

std::string with_line_end(std::string text) { return text.ends_with("\r\n") ? text : text + "\r\n"; }

}  // namespace

Address parse_address(std::string_view text) {
  const std::string whole = trimmed(text);
  Address address{"", whole};
  if (const auto open = whole.rfind('<'); open != std::string::npos && whole.ends_with('>')) {
    address.name = unquoted(trimmed(std::string_view(whole).substr(0, open)));
    address.mailbox = whole.substr(open + 1, whole.size() - open - 2);
  }
  if (!is_mailbox(address.mailbox)) {
    const bool showable = text.size() <= 254 && !has_control_characters(text);
    refuse(showable ? fmt::format("'{}'", text) : std::string("an address"),
           "is not of the form hello@shop.example or Shop <hello@shop.example>");
  }
  return address;
}

void require_sendable(const Message& message, const std::string& key) {
  constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-";
  if (key.empty() || key.size() > 256 || key.find_first_not_of(allowed) != std::string::npos) {
    refuse("the key", "must have 1 to 256 characters of [A-Za-z0-9_./-]");
  }
  require_header("the sender", message.from);
  require_header("the reply address", message.reply_to);
  require_header("the recipient", message.to);
  require_header("the subject", message.subject);
  parse_address(message.from);
  if (!message.reply_to.empty()) parse_address(message.reply_to);
  if (!is_mailbox(message.to)) refuse("the recipient", "must be a bare address such as ann@example.com");
  require_body("the text", message.text);
  require_body("the HTML", message.html);
}

std::string message_id(const Message& message, const std::string& key) {
  const std::string mailbox = parse_address(message.from).mailbox;
  return fmt::format("<{}@{}>", digest_of(key), mailbox.substr(mailbox.find('@') + 1));
}

std::string compose(const Message& message, const std::string& key, TimePoint date) {
  require_sendable(message, key);
  const Address from = parse_address(message.from);
  std::string out = "Date: " + date_time(date) + "\r\n";
  out += address_line("From", from.name, from.mailbox);
  out += address_line("To", "", message.to);
  if (!message.reply_to.empty()) {
    const Address reply = parse_address(message.reply_to);
    out += address_line("Reply-To", reply.name, reply.mailbox);
  }
  out += header_line("Subject", message.subject);
  out += "Message-ID: " + message_id(message, key) + "\r\n";
  out += "MIME-Version: 1.0\r\n";
  out += "Auto-Submitted: auto-generated\r\n";  // RFC 3834: keeps holiday notices from answering
  if (message.html.empty()) return with_line_end(out + part("text/plain", message.text));
  if (message.text.empty()) return with_line_end(out + part("text/html", message.html));
  // The line end before a boundary belongs to the boundary (RFC 2046), so each part gets one of its own.
  // "=_" cannot occur in quoted-printable, so the boundary cannot occur in a body.
  const std::string boundary = "=_" + digest_of(key);
  out += fmt::format("Content-Type: multipart/alternative;\r\n boundary=\"{}\"\r\n\r\n", boundary);
  out += fmt::format("--{0}\r\n{1}\r\n--{0}\r\n{2}\r\n--{0}--\r\n", boundary, part("text/plain", message.text),
                     part("text/html", message.html));
  return out;
}

}  // namespace slipway::mail
