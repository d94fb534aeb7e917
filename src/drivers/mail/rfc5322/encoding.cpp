#include "drivers/mail/rfc5322/encoding.hpp"

#include <fmt/format.h>

#include "base/crypto.hpp"

namespace slipway::mail {
namespace {

constexpr std::size_t line_limit = 76;          // RFC 2047: of a line that holds an encoded-word; RFC 2045: of a body's
constexpr std::size_t encoded_word_limit = 75;  // RFC 2047
constexpr std::size_t encoded_word_frame = 12;  // "=?UTF-8?B?" and "?="

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// How many bytes of `text` fit in an encoded-word of `room` characters, ending between code points.
std::size_t bytes_for_word(std::string_view text, std::size_t room) {
  std::size_t bytes = (room - encoded_word_frame) / 4 * 3;
  if (bytes >= text.size()) return text.size();
  while (bytes > 0 && is_continuation(text[bytes])) --bytes;
  return bytes;
}

// The value as encoded-words, of which the first stands on a line that has `used` characters already.
std::string encoded_words(std::string_view text, std::size_t used) {
  std::string out;
  while (true) {
    const std::size_t bytes = bytes_for_word(text, std::min(encoded_word_limit, line_limit - used));
    out += "=?UTF-8?B?" + to_base64(text.substr(0, bytes)) + "?=";
    text.remove_prefix(bytes);
    if (text.empty()) return out;
    out += "\r\n ";
    used = 1;
  }
}

// Whether a header may hold the text as it is: printable ASCII that no reader takes for an encoded-word, and that a
// reader who trims values leaves alone.
bool is_plain(std::string_view text) {
  const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return printable && !text.starts_with(' ') && !text.ends_with(' ') && text.find("=?") == std::string_view::npos;
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string quoted_printable(std::string_view utf8) {
  std::string out;
  std::size_t column = 0;
  const auto put = [&](std::string_view piece) {
    if (column + piece.size() > line_limit - 1) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  };
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const char c = utf8[i];
    if (c == '\n' || c == '\r') {
      if (c == '\r' && i + 1 < utf8.size() && utf8[i + 1] == '\n') ++i;
      out += "\r\n";
      column = 0;
      continue;
    }
    // White space at the end of a line gets lost on the way, so it is encoded there.
    const bool last = i + 1 == utf8.size() || utf8[i + 1] == '\n' || utf8[i + 1] == '\r';
    const bool as_it_is = (c > 0x20 && c < 0x7F && c != '=') || ((c == ' ' || c == '\t') && !last);
    put(as_it_is ? std::string(1, c) : fmt::format("={:02X}", static_cast<unsigned char>(c)));
  }
  return out;
}

std::string header_line(std::string_view name, std::string_view value) {
  std::string line = std::string(name) + ": ";
  if (is_plain(value) && line.size() + value.size() <= line_limit) return line + std::string(value) + "\r\n";
  return line + encoded_words(value, line.size()) + "\r\n";
}

std::string address_line(std::string_view header, std::string_view name, std::string_view mailbox) {
  std::string line = std::string(header) + ": ";
  if (name.empty()) return line + std::string(mailbox) + "\r\n";
  const std::string plain = quoted_string(name);
  const std::string address = "<" + std::string(mailbox) + ">";
  const bool encode = !is_plain(name) || line.size() + plain.size() > line_limit;
  line += encode ? encoded_words(name, line.size()) : plain;
  const bool fits = !encode && line.size() + 1 + address.size() <= line_limit;
  return line + (fits ? " " : "\r\n ") + address + "\r\n";
}

}  // namespace slipway::mail
