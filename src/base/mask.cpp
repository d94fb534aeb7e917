#include "base/mask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

constexpr std::size_t least_bytes = 4;      // of a value that is masked at all
constexpr std::size_t word_bytes = 8;       // from here on a value is masked within words too
constexpr std::size_t least_digits = 6;     // of a number
constexpr std::size_t least_cut_bytes = 6;  // of a secret that text was cut in
constexpr std::string_view stars = "***";

// What configurations say everywhere.
constexpr std::array<std::string_view, 39> common_words = {
    "true",  "false",   "null",       "none",       "debug",       "info",      "warn",      "warning",
    "error", "trace",   "production", "prod",       "development", "staging",   "test",      "testing",
    "local", "default", "auto",       "enabled",    "disabled",    "localhost", "127.0.0.1", "0.0.0.0",
    "http",  "https",   "postgres",   "postgresql", "redis",       "smtp",      "admin",     "root",
    "user",  "node",    "python",     "json",       "text",        "utf-8",     "app"};

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_base64(char c) { return is_alphanumeric(c) || std::string_view("+/-_=").find(c) != std::string_view::npos; }

bool says_nothing(std::string_view value) {
  if (value.size() < least_bytes) return true;
  const bool number = value.find_first_not_of("0123456789") == value.npos;
  if (number && value.size() < least_digits) return true;
  return std::find(common_words.begin(), common_words.end(), lowered_ascii(value)) != common_words.end();
}

bool is_word(std::string_view text, std::size_t begin, std::size_t end) {
  const bool joined_before = begin > 0 && is_alphanumeric(text[begin - 1]) && is_alphanumeric(text[begin]);
  const bool joined_after = end < text.size() && is_alphanumeric(text[end]) && is_alphanumeric(text[end - 1]);
  return !joined_before && !joined_after;
}

// What is always there in the base64 of a text that has `value` after `before` bytes (0 to 2).
std::string base64_within(std::string_view value, std::size_t before) {
  const std::string encoded = to_base64(std::string(before, '\0').append(value));
  const std::size_t first = (before * 8 + 5) / 6, last = (before + value.size()) * 8 / 6;
  return encoded.substr(first, last - first);
}

// As programs write it that keep to ASCII: "Å" is "\u00c5". Empty where nothing changes, or where it is no UTF-8.
std::string in_ascii(const std::string& value, bool upper) {
  if (utf8_length(value) == std::string::npos || utf8_length(value) == value.size()) return {};
  std::string out;
  const auto unit = [&](unsigned code) {
    out += upper ? fmt::format("\\u{:04X}", code) : fmt::format("\\u{:04x}", code);
  };
  for (std::size_t i = 0; i < value.size();) {
    const auto lead = static_cast<unsigned char>(value[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    unsigned code = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) code = code << 6 | (static_cast<unsigned char>(value[i + k]) & 0x3F);
    if (length == 1) {
      out += value[i];
    } else if (code < 0x10000) {
      unit(code);
    } else {
      unit(0xD800 + ((code - 0x10000) >> 10));
      unit(0xDC00 + (code & 0x3FF));
    }
    i += length;
  }
  return out;
}

// Of "postgres://user:password@host/name"; empty where there is none.
std::string password_in(std::string_view value) {
  const auto scheme = value.find("://");
  if (scheme == value.npos) return {};
  const std::string_view authority = value.substr(scheme + 3, value.find_first_of("/?#", scheme + 3) - scheme - 3);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at == authority.npos || colon == authority.npos || colon > at) return {};
  return std::string(authority.substr(colon + 1, at - colon - 1));
}

// Its lines, also where the breaks stand escaped, as in a JSON file with a key.
std::vector<std::string> lines_of(std::string value) {
  for (auto at = value.find("\\n"); at != value.npos; at = value.find("\\n", at)) value.replace(at, 2, "\n");
  std::vector<std::string> lines;
  for (const std::string& line : split(value, '\n')) lines.push_back(trimmed(line));
  return lines;
}

}  // namespace

void Mask::add(const Secret& secret) {
  const std::string value = trimmed(secret.reveal());
  add_value(value);
  if (value != secret.reveal()) add_value(secret.reveal());
  const std::vector<std::string> lines = lines_of(value);
  if (lines.size() > 1) {
    for (const std::string& line : lines) add_plain(line);
  }
  const std::string password = password_in(value);
  add_value(password);
  if (const auto decoded = percent_decoded(password); decoded && *decoded != password) add_value(*decoded);
}

void Mask::add_plain(const std::string& value) {
  if (says_nothing(value)) return;
  needles_.push_back({Secret(value), Spelling::plain, value.size() < word_bytes});
}

void Mask::add_value(const std::string& value) {
  if (says_nothing(value)) return;
  const bool word = value.size() < word_bytes;
  add_plain(value);
  add_plain(in_ascii(value, false));
  add_plain(in_ascii(value, true));
  needles_.push_back({Secret(to_hex(value)), Spelling::hex, word});
  for (std::size_t before = 0; before < (word ? 1u : 3u); ++before) {
    needles_.push_back({Secret(base64_within(value, before)), Spelling::base64, word});
  }
}

// The end of the longest secret that begins here; `at` where there is none.
std::size_t Mask::end_of_secret(std::string_view text, std::size_t at) const {
  std::size_t longest = at;
  for (const Needle& needle : needles_) {
    const std::size_t least = needle.word ? needle.bytes.reveal().size() : least_cut_bytes;
    std::size_t end = end_of_spelled(text, at, needle.bytes.reveal(), needle.spelling, least);
    if (end == text.npos) continue;
    // The characters behind it hold some of its bits.
    while (needle.spelling == Spelling::base64 && end < text.size() && is_base64(text[end])) ++end;
    if (needle.word && !is_word(text, at, end)) continue;
    longest = std::max(longest, end);
  }
  return longest;
}

// The end of a secret whose beginning was cut off where the text begins; `at` where there is none.
std::size_t Mask::end_of_rest(std::string_view text, std::size_t at) const {
  std::size_t longest = at;
  for (const Needle& needle : needles_) {
    const std::string_view bytes = needle.bytes.reveal();
    for (std::size_t from = 1; !needle.word && from + least_cut_bytes <= bytes.size(); ++from) {
      const std::size_t end = end_of_spelled(text, at, bytes.substr(from), needle.spelling, bytes.size());
      if (end != text.npos) longest = std::max(longest, end);
    }
  }
  return longest;
}

std::string Mask::operator()(std::string_view text) const {
  std::string out;
  bool cut = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::max(end_of_secret(text, at), cut ? end_of_rest(text, at) : at);
    if (end == at) {
      out += text[at++];
    } else {
      if (!out.ends_with(stars)) out += stars;
      at = end;
    }
    cut = out.ends_with("…") || out.ends_with("...");
  }
  return out;
}

bool names_a_secret(std::string_view name) {
  const std::string lowered = lowered_ascii(name);
  for (const char* word : {"key", "secret", "token", "pass", "pwd", "credential", "private", "auth", "salt", "dsn"}) {
    if (lowered.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace slipway
