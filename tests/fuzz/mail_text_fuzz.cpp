#include <set>

#include "drivers/mail/rfc5322/compose.hpp"
#include "drivers/mail/rfc5322/encoding.hpp"
#include "tests/fuzz/fuzz.hpp"

// A mail (from, reply-to, to, subject, text, HTML, each a field) is refused, or composed into headers that are
// Slipway's own and bodies that decode to what was meant. Nothing in it adds a header or a recipient.
namespace {

using namespace slipway;

int hex(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

// Quoted-printable as RFC 2045 defines it, written apart from the encoder.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '=') {
      out += text[i];
    } else if (text.substr(i, 3) == "=\r\n") {
      i += 2;
    } else {
      fuzz::require(i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0, "'=' begins an escape",
                    text);
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    }
  }
  return out;
}

// Line ends of any kind, as CRLF.
std::string with_crlf(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i] == '\n' || text[i] == '\r' ? "\r\n" : std::string(1, text[i]);
  }
  return out;
}

void check_headers(std::string_view mail) {
  const std::set<std::string> known = {"Date",         "From",
                                       "To",           "Reply-To",
                                       "Subject",      "Message-ID",
                                       "MIME-Version", "Auto-Submitted",
                                       "Content-Type", "Content-Transfer-Encoding"};
  std::set<std::string> seen;
  const std::string_view head = mail.substr(0, mail.find("\r\n\r\n"));
  for (std::size_t at = 0; at < head.size();) {
    const auto end = std::min(head.find("\r\n", at), head.size());
    const std::string line(head.substr(at, end - at));
    at = end + 2;
    if (line.starts_with(' ')) continue;  // a folded line
    const std::string name = line.substr(0, line.find(':'));
    fuzz::require(known.contains(name), "every header is Slipway's own", line);
    fuzz::require(seen.insert(name).second, "every header stands once", line);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  Message message;
  message.from = input.field();
  message.reply_to = input.field();
  message.to = input.field();
  message.subject = input.field();
  message.text = input.field();
  message.html = input.field();

  for (const std::string& body : {message.text, message.html}) {
    const std::string encoded = mail::quoted_printable(body);
    fuzz::require(decoded(encoded) == with_crlf(body), "a body decodes to what was meant", encoded);
  }
  std::string mail;
  if (!fuzz::accepts([&] { mail = mail::compose(message, "t_1/welcome/1", TimePoint(Millis(1'700'000'000'000))); }))
    return 0;
  check_headers(mail);
  for (std::size_t i = 0, column = 0; i < mail.size(); ++i) {
    const char c = mail[i];
    if (c == '\n') {
      fuzz::require(i > 0 && mail[i - 1] == '\r', "every line ends in CRLF", mail);
      column = 0;
      continue;
    }
    fuzz::require(c != '\r' || (i + 1 < mail.size() && mail[i + 1] == '\n'), "no bare CR", mail);
    fuzz::require(c == '\r' || c == '\t' || (c >= 0x20 && c < 0x7F), "a mail is printable ASCII", mail);
    fuzz::require(++column <= 998, "RFC 5322's longest line", mail);
  }
  return 0;
}
