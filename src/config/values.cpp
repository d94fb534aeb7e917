#include "config/values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::config {
namespace {

[[noreturn]] void refuse(std::string why) { throw Error(ErrorKind::invalid, std::move(why)); }

// The digits in front and what follows them; nothing where there are none or too many.
struct Measured {
  std::uint64_t number = 0;
  std::string_view unit;
};
std::optional<Measured> measured(std::string_view text) {
  Measured m;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), m.number);
  if (error != std::errc() || m.number > 1'000'000'000'000) return std::nullopt;
  m.unit = text.substr(static_cast<std::size_t>(end - text.data()));
  return m;
}

std::optional<std::uint64_t> whole(std::string_view text) {
  const auto m = measured(text);
  return m && m->unit.empty() ? std::optional(m->number) : std::nullopt;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

template <std::size_t N>
const Unit* find_unit(const Unit (&units)[N], std::string_view name) {
  for (const Unit& unit : units) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

}  // namespace

Millis parse_duration(std::string_view text) {
  static constexpr Unit units[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
  constexpr std::uint64_t longest = 366ull * 86'400'000;
  const auto m = measured(text);
  if (m && m->unit.empty()) refuse("needs a unit: ms, s, m, h or d, such as 30s");
  const Unit* unit = m ? find_unit(units, m->unit) : nullptr;
  if (unit == nullptr) refuse("is not a duration such as 500ms, 30s, 5m, 1h or 2d");
  if (m->number == 0) refuse("must be longer than 0");
  if (m->number > longest / unit->factor) refuse("is longer than 366d");
  return Millis(static_cast<std::int64_t>(m->number * unit->factor));
}

std::uint64_t parse_size(std::string_view text) {
  static constexpr Unit units[] = {
      {"B", 1},          {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
      {"K", 1ull << 10}, {"M", 1ull << 20},   {"G", 1ull << 30},   {"T", 1ull << 40}};
  const auto m = measured(text);
  if (m && m->unit.empty()) refuse("needs a unit: KiB, MiB or GiB, such as 256MiB");
  const Unit* unit = m ? find_unit(units, m->unit) : nullptr;
  if (unit == nullptr) refuse("is not a size such as 256MiB, 1GiB or 512M (units: B, KiB, MiB, GiB, TiB)");
  if (m->number > (1ull << 50) / unit->factor) refuse("is larger than 1024TiB");
  return m->number * unit->factor;
}

std::uint16_t parse_port(std::string_view text) {
  const auto number = whole(text);
  if (!number || *number < 1 || *number > 65'535) refuse("is not a port: 1 to 65535");
  return static_cast<std::uint16_t>(*number);
}

Config::PortRange parse_port_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = whole(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? std::nullopt : whole(text.substr(dash + 1));
  if (!first || !last) refuse("is not a port range such as 20000-29999");
  if (*first < 1 || *last > 65'535) refuse("goes beyond the ports that there are: 1 to 65535");
  if (*first > *last) refuse(fmt::format("is the wrong way round; did you mean {}-{}?", *last, *first));
  return {static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

bool parse_bool(std::string_view text) {
  if (text != "true" && text != "false") refuse("must be true or false");
  return text == "true";
}

std::uint64_t parse_whole(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = whole(text);
  if (!number || *number < least || *number > most) {
    refuse(fmt::format("is not a whole number from {} to {}", least, most));
  }
  return *number;
}

double parse_decimal(std::string_view text, double least, double most) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool read = error == std::errc() && end == text.data() + text.size() && std::isfinite(number);
  if (!read || number < least || number > most) refuse(fmt::format("is not a number from {} to {}", least, most));
  return number;
}

std::size_t parse_choice(std::string_view text, const std::vector<std::string>& choices) {
  const auto found = std::find(choices.begin(), choices.end(), text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  const std::string near = nearest(text, choices);
  std::string all;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ") + choices[i];
  }
  refuse("must be " + all + (near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

}  // namespace slipway::config
