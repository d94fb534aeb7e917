#include "base/spelling.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

namespace slipway {
namespace {

using Positions = std::vector<std::size_t>;

struct Escape {
  char byte;
  std::string_view written;
};

// Those that are no number. A quote is written four ways in SQL and shells.
constexpr std::array escapes = {Escape{'\n', "\\n"},    Escape{'\r', "\\r"},     Escape{'\t', "\\t"},
                                Escape{'\b', "\\b"},    Escape{'\f', "\\f"},     Escape{'\n', "\r\n"},
                                Escape{' ', "+"},       Escape{'"', "&quot;"},   Escape{'&', "&amp;"},
                                Escape{'<', "&lt;"},    Escape{'>', "&gt;"},     Escape{'\'', "''"},
                                Escape{'\'', "&apos;"}, Escape{'\'', "'\\''"},   Escape{'\'', "'\"'\"'"},
                                Escape{'\\', "\\\\"},   Escape{'\\', "\\\\\\\\"}};

struct Number {
  std::string_view before;
  std::size_t digits;  // 0: as many as there are
  int base;
  std::string_view after;
};

constexpr std::array numbers = {Number{"%", 2, 16, ""},     Number{"%25", 2, 16, ""},   Number{"\\x", 2, 16, ""},
                                Number{"\\\\x", 2, 16, ""}, Number{"\\u00", 2, 16, ""}, Number{"\\\\u00", 2, 16, ""},
                                Number{"\\", 3, 8, ""},     Number{"&#x", 0, 16, ";"},  Number{"&#X", 0, 16, ";"},
                                Number{"&#", 0, 10, ";"}};

char folded(char c, Spelling spelling) {
  if (spelling == Spelling::base64) return c == '-' ? '+' : c == '_' ? '/' : c;
  if (spelling == Spelling::hex && c >= 'A' && c <= 'F') return static_cast<char>(c - 'A' + 'a');
  return c;
}

bool same(char a, char b, Spelling spelling) { return folded(a, spelling) == folded(b, spelling); }

// The length of an escape of that kind that stands for `byte`, or 0.
std::size_t length_of(const Number& kind, std::string_view text, char byte, Spelling spelling) {
  if (!text.starts_with(kind.before)) return 0;
  const char* const first = text.data() + kind.before.size();
  const char* const last = text.data() + text.size();
  unsigned value = 0;
  const char* const limit = kind.digits == 0 ? last : std::min(last, first + kind.digits);
  const auto [end, error] = std::from_chars(first, limit, value, kind.base);
  const bool whole = error == std::errc() && (kind.digits == 0 || end == first + kind.digits) && value <= 0xFF;
  const std::size_t length = static_cast<std::size_t>(end - text.data());
  if (!whole || !text.substr(length).starts_with(kind.after)) return 0;
  return same(static_cast<char>(value), byte, spelling) ? length + kind.after.size() : 0;
}

void add(Positions& to, std::size_t position) {
  if (std::find(to.begin(), to.end(), position) == to.end()) to.push_back(position);
}

bool may_be_escape(char c) { return std::string_view("%\\&'+\r").find(c) != std::string_view::npos; }

// Where the text goes on after `byte`, in each way in which it may be written at `at`.
void add_ends(std::string_view text, std::size_t at, char byte, Spelling spelling, Positions& to) {
  const std::string_view rest = text.substr(at);
  if (rest.empty()) return;
  if (same(rest.front(), byte, spelling)) add(to, at + 1);
  if (!may_be_escape(rest.front())) return;
  for (const Escape& escape : escapes) {
    if (escape.byte == byte && rest.starts_with(escape.written)) add(to, at + escape.written.size());
  }
  for (const Number& kind : numbers) {
    if (const std::size_t length = length_of(kind, rest, byte, spelling)) add(to, at + length);
  }
  // An escaped quote or slash, however often it was escaped.
  const std::size_t after = std::min(rest.find_first_not_of('\\'), rest.size());
  const bool itself = after < rest.size() && std::string_view("\"'/`$&!").find(byte) != std::string_view::npos;
  if (after > 0 && itself && rest[after] == byte) add(to, at + after + 1);
}

// Behind a line break and the blanks that indent the next line; `at` where there is none.
std::size_t next_line(std::string_view text, std::size_t at, Spelling spelling) {
  const std::size_t begun = at;
  while (at < text.size() && (text[at] == '\n' || text[at] == '\r')) ++at;
  if (at == begun && spelling == Spelling::base64) {
    while (text.substr(at).starts_with("\\n") || text.substr(at).starts_with("\\r")) at += 2;
    return at;
  }
  while (at > begun && at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
  return at;
}

// Where text that was cut at `at`, perhaps within an escape, ends; npos where it goes on.
std::size_t end_of_cut(std::string_view text, std::size_t at) {
  constexpr std::size_t longest_escape = 6;
  const std::string_view rest = text.substr(at);
  if (rest.empty() || rest.starts_with("…") || rest.starts_with("...")) return at;
  const bool escape = std::string_view("%\\&").find(rest.front()) != std::string_view::npos;
  return escape && rest.size() < longest_escape && rest.find(' ') == rest.npos ? text.size() : std::string_view::npos;
}

}  // namespace

std::size_t end_of_spelled(std::string_view text, std::size_t at, std::string_view wanted, Spelling spelling,
                           std::size_t least_bytes) {
  if (wanted.empty() || at >= text.size()) return std::string_view::npos;
  if (!same(text[at], wanted.front(), spelling) && !may_be_escape(text[at])) return std::string_view::npos;
  Positions now{at};
  std::size_t cut = std::string_view::npos;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Positions next;
    for (std::size_t position : now) {
      add_ends(text, position, wanted[i], spelling, next);
      const std::size_t below = i == 0 ? position : next_line(text, position, spelling);
      if (below != position) add_ends(text, below, wanted[i], spelling, next);
      if (i >= least_bytes) cut = std::min(cut, end_of_cut(text, below));
    }
    if (next.empty()) return cut;
    now = std::move(next);
  }
  return *std::max_element(now.begin(), now.end());
}

}  // namespace slipway
