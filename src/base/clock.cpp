#include "base/clock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace slipway {

std::string to_rfc3339(TimePoint t) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(t - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

// With any fraction of a second and any offset; some of AWS's tools write "UTC" for "Z".
std::optional<TimePoint> parse_rfc3339(std::string_view text) {
  int year = 0, hour = 0, minute = 0, second = 0, end = 0;
  unsigned month = 0, day = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &end) != 6) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) {
    return std::nullopt;
  }
  std::string rest = copy.substr(static_cast<std::size_t>(end));
  int millis = 0;
  if (rest.starts_with('.')) {
    const auto digits = std::min(rest.find_first_not_of("0123456789", 1), rest.size()) - 1;
    if (digits == 0) return std::nullopt;
    millis = std::stoi((rest.substr(1, digits) + "00").substr(0, 3));
    rest.erase(0, digits + 1);
  }
  std::chrono::minutes offset{0};
  if (rest != "Z" && rest != "UTC") {
    int offset_hours = 0, offset_minutes = 0;
    char plus_or_minus = '+';
    if (rest.size() != 6 ||
        std::sscanf(rest.c_str(), "%1c%2d:%2d", &plus_or_minus, &offset_hours, &offset_minutes) != 3) {
      return std::nullopt;
    }
    if (plus_or_minus != '+' && plus_or_minus != '-') return std::nullopt;
    offset = std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes);
    if (plus_or_minus == '-') offset = -offset;
  }
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + Millis(millis) - offset;
}

std::string human(Millis duration) {
  const auto ms = duration.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 60'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
  if (ms < 3'600'000) return fmt::format("{} min {} s", ms / 60'000, ms % 60'000 / 1000);
  return fmt::format("{} h {} min", ms / 3'600'000, ms % 3'600'000 / 60'000);
}

}  // namespace slipway
