#include "config/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::config {
namespace {

constexpr std::uint64_t gib = 1ull << 30;
// What CloudWatch takes. Source: PutRetentionPolicy in the service's model.
constexpr std::uint64_t log_retention_days[] = {1,   3,   5,   7,   14,  30,  60,   90,   120,
                                                150, 180, 365, 400, 545, 731, 1096, 1827, 3653};

[[noreturn]] void wrong(std::string why) { throw Error(ErrorKind::invalid, std::move(why)); }

// The digits in front and what follows them; nothing if there are none or too many.
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

std::optional<std::uint64_t> whole_number(std::string_view text) {
  const auto m = measured(text);
  return m && m->unit.empty() ? std::optional(m->number) : std::nullopt;
}

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr Unit duration_units[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit size_units[] = {
    {"B", 1},          {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40},
    {"K", 1ull << 10}, {"M", 1ull << 20},   {"G", 1ull << 30},   {"T", 1ull << 40}};

template <std::size_t N>
const Unit* find_unit(const Unit (&units)[N], std::string_view name) {
  const auto* found = std::find_if(units, units + N, [&](const Unit& unit) { return unit.name == name; });
  return found == units + N ? nullptr : found;
}

Millis parse_duration(std::string_view text, Millis longest) {
  const auto m = measured(text);
  if (m && m->unit.empty()) wrong("needs a unit: ms, s, m, h or d, such as 30s");
  const Unit* unit = m ? find_unit(duration_units, m->unit) : nullptr;
  if (unit == nullptr) wrong("is not a duration such as 500ms, 30s, 5m, 1h or 2d");
  if (m->number == 0) wrong("must be longer than 0");
  if (m->number > static_cast<std::uint64_t>(longest.count()) / unit->factor) {
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(longest).count();
    wrong(hours > 48 ? fmt::format("is longer than {}d", hours / 24) : fmt::format("is longer than {}h", hours));
  }
  return Millis(static_cast<std::int64_t>(m->number * unit->factor));
}

std::uint64_t parse_size(std::string_view text) {
  const auto m = measured(text);
  if (m && m->unit.empty()) wrong("needs a unit: KiB, MiB or GiB, such as 256MiB");
  const Unit* unit = m ? find_unit(size_units, m->unit) : nullptr;
  if (unit == nullptr) wrong("is not a size such as 256MiB, 1GiB or 512M (units: B, KiB, MiB, GiB, TiB)");
  if (m->number > (1ull << 50) / unit->factor) wrong("is larger than 1024TiB");
  return m->number * unit->factor;
}

std::uint64_t parse_whole(std::string_view text, std::uint64_t least, std::uint64_t most) {
  const auto number = whole_number(text);
  if (!number || *number < least || *number > most)
    wrong(fmt::format("is not a whole number from {} to {}", least, most));
  return *number;
}

Config::PortRange parse_port_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = whole_number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? std::nullopt : whole_number(text.substr(dash + 1));
  if (!first || !last) wrong("is not a port range such as 20000-29999");
  if (*first < 1 || *last > 65'535) wrong("goes beyond the ports that there are: 1 to 65535");
  if (*first > *last) wrong(fmt::format("is the wrong way round; did you mean {}-{}?", *last, *first));
  return {static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)};
}

// "auto, docker or process"
std::string listed(const std::vector<std::string>& words) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    all += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + words[i];
  }
  return all;
}

// The place of one of these words.
std::size_t chosen(std::string_view text, const std::vector<std::string>& words) {
  const auto found = std::find(words.begin(), words.end(), text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  const std::string near = nearest(text, words);
  wrong(fmt::format("must be {}{}", listed(words), near.empty() ? "" : fmt::format("; did you mean '{}'?", near)));
}

Kind number(std::string name, Form form, double least, double most) {
  return {.name = std::move(name), .form = form, .least = least, .most = most};
}

Type size(std::function<Value(std::string_view)> parse) {
  return {{.name = "size", .form = Form::pattern, .pattern = "^[0-9]+(B|KiB|MiB|GiB|TiB|K|M|G|T)$"}, std::move(parse)};
}

}  // namespace

Type flag() {
  return {{.name = "true or false", .form = Form::flag}, [](std::string_view text) {
            if (text != "true" && text != "false") wrong("must be true or false");
            return text == "true";
          }};
}

Type whole(std::uint64_t least, std::uint64_t most) {
  return {number("whole number", Form::whole, static_cast<double>(least), static_cast<double>(most)),
          [=](std::string_view text) { return parse_whole(text, least, most); }};
}

Type log_days() {
  return {number("whole number", Form::whole, 1, 3653), [](std::string_view text) {
            const std::uint64_t days = parse_whole(text, 1, 3653);
            if (std::count(std::begin(log_retention_days), std::end(log_retention_days), days) == 0) {
              wrong("is not what CloudWatch takes: 1, 3, 5, 7, 14, 30, 60, 90, 180, 365, … days");
            }
            return days;
          }};
}

Type decimal(double least, double most) {
  return {number("number", Form::decimal, least, most), [=](std::string_view text) {
            double value = 0;
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
            const bool read = error == std::errc() && end == text.data() + text.size() && std::isfinite(value);
            if (!read || value < least || value > most)
              wrong(fmt::format("is not a number from {} to {}", least, most));
            return value;
          }};
}

Type duration(Millis longest) {
  return {{.name = "duration", .form = Form::pattern, .pattern = "^0*[1-9][0-9]*(ms|s|m|h|d)$"},
          [=](std::string_view text) { return parse_duration(text, longest); }};
}

Type bytes() { return size(parse_size); }

Type memory() {
  return size([](std::string_view text) {
    const std::uint64_t value = parse_size(text);
    if (value < (6ull << 20)) wrong("is less than 6MiB, the least that Docker takes");
    return value;
  });
}

Type volume_size() {
  return size([](std::string_view text) {
    const std::uint64_t value = parse_size(text);
    if (value % gib != 0 || value < gib || value > 1024 * gib) wrong("is not a whole number of GiB, 1GiB to 1TiB");
    return value;
  });
}

Type port() {
  return {number("port", Form::whole, 1, 65'535), [](std::string_view text) {
            const auto value = whole_number(text);
            if (!value || *value < 1 || *value > 65'535) wrong("is not a port: 1 to 65535");
            return *value;
          }};
}

Type port_range() {
  return {{.name = "port range", .form = Form::pattern, .pattern = "^[0-9]+-[0-9]+$"}, parse_port_range};
}

Type choice_of(std::vector<std::pair<std::string, std::uint64_t>> choices) {
  std::vector<std::string> words;
  for (const auto& [word, value] : choices) words.push_back(word);
  return {{.name = listed(words), .form = Form::choice, .choices = words},
          [choices = std::move(choices), words](std::string_view text) { return choices[chosen(text, words)].second; }};
}

Type one_of(const std::vector<std::string>& words) {
  return {{.name = listed(words), .form = Form::choice, .choices = words},
          [words](std::string_view text) { return words[chosen(text, words)]; }};
}

}  // namespace slipway::config
