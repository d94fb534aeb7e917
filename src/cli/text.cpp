#include "cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.hpp"

namespace slipway::cli {
namespace {

struct Character {
  std::size_t bytes = 1;
  std::uint32_t code = 0;
  bool valid = false;
};

Character first_character(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  Character c;
  c.bytes = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (c.bytes > text.size() || utf8_length(text.substr(0, c.bytes)) != 1) return {1, lead, false};
  c.valid = true;
  c.code = c.bytes == 1 ? lead : lead & (0xFFu >> (c.bytes + 1));
  for (std::size_t i = 1; i < c.bytes; ++i) c.code = c.code << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return c;
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

template <std::size_t N>
bool in(const Range (&ranges)[N], std::uint32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](const Range& r) { return code >= r.first && code <= r.last; });
}

// Roughly Unicode's East Asian Width: the blocks that are wide as a whole.
constexpr Range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0x33FF},  {0x3400, 0x4DBF},
                          {0x4E00, 0x9FFF},   {0xA000, 0xA4CF},   {0xAC00, 0xD7A3},  {0xF900, 0xFAFF},
                          {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},  {0x1F300, 0x1F64F},
                          {0x1F680, 0x1F6FF}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
constexpr Range without_width[] = {{0x0300, 0x036F}, {0x0591, 0x05BD}, {0x0610, 0x061A}, {0x064B, 0x065F},
                                   {0x0E31, 0x0E31}, {0x0E34, 0x0E3A}, {0x0E47, 0x0E4E}, {0x1AB0, 0x1AFF},
                                   {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F},
                                   {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}};
// Not control characters, but what they do is not seen: joiners, direction marks, the byte order mark.
constexpr Range invisible[] = {{0x200B, 0x200F}, {0x2060, 0x2064}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE007F}};

bool is_harmful(const Character& c, std::string_view bytes) {
  return has_control_characters(bytes) || in(invisible, c.code);
}

}  // namespace

std::string safe(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character c = first_character(text);
    const std::string_view bytes = text.substr(0, c.bytes);
    if (c.valid && c.code == '\t') {
      out += ' ';
    } else if (c.valid && !is_harmful(c, bytes)) {
      out += bytes;
    } else {
      out += c.code < 0x100 ? fmt::format("\\x{:02x}", c.code) : fmt::format("\\u{:04x}", c.code);
    }
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::string safe_json(std::string_view document) {
  std::string out;
  out.reserve(document.size());
  while (!document.empty()) {
    const Character c = first_character(document);
    const std::string_view bytes = document.substr(0, c.bytes);
    if (c.valid && !is_harmful(c, bytes)) {
      out += bytes;
    } else if (c.code < 0x10000) {
      out += fmt::format("\\u{:04x}", c.code);
    } else {
      const std::uint32_t rest = c.code - 0x10000;
      out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10), 0xDC00 + (rest & 0x3FF));
    }
    document.remove_prefix(c.bytes);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character c = first_character(text);
    if (in(wide, c.code)) {
      width += 2;
    } else if (!in(without_width, c.code)) {
      width += 1;
    }
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string padded(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(text) + std::string(taken < width ? width - taken : 0, ' ');
}

std::string short_age(TimePoint then, TimePoint now) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(now - then).count());
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{}m", seconds / 60);
  if (seconds < 2 * 86'400) return fmt::format("{}h", seconds / 3600);
  return fmt::format("{}d", seconds / 86'400);
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1024 && unit + 1 < std::size(units)) amount /= 1024, ++unit;
  const bool round = unit == 0 || amount == static_cast<double>(static_cast<std::uint64_t>(amount));
  return round ? fmt::format("{:.0f} {}", amount, units[unit]) : fmt::format("{:.1f} {}", amount, units[unit]);
}

bool wants_colours(bool is_terminal, const std::optional<std::string>& no_color,
                   const std::optional<std::string>& term) {
  return is_terminal && (!no_color || no_color->empty()) && term != "dumb";
}

std::string painted(std::string_view text, Colour colour, bool colours) {
  constexpr const char* codes[] = {"", "1", "2", "31", "32", "33"};
  if (!colours || colour == Colour::none) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", codes[static_cast<std::size_t>(colour)], text);
}

Colour colour_of_status(std::string_view status) {
  if (status == "active" || status == "sent" || status == "running") return Colour::green;
  if (status == "failed" || status == "crash_loop" || status == "failing") return Colour::red;
  if (status == "suspended" || status == "deleted") return Colour::dim;
  return Colour::yellow;
}

}  // namespace slipway::cli
