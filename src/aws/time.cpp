#include "aws/time.hpp"

#include <cstdio>
#include <string>

namespace slipway::aws {

std::optional<TimePoint> parse_time(std::string_view text) {
  int year = 0, hour = 0, minute = 0, second = 0, end = 0;
  unsigned month = 0, day = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2u-%2uT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &end) != 6) {
    return std::nullopt;
  }
  std::string_view rest = std::string_view(copy).substr(static_cast<std::size_t>(end));
  if (rest.starts_with('.')) {
    const auto digits_end = rest.find_first_not_of("0123456789", 1);
    rest = digits_end == std::string_view::npos ? "" : rest.substr(digits_end);
  }
  int offset_hours = 0, offset_minutes = 0;
  char sign[2] = "+";
  if (rest == "Z" || rest == "UTC") {
    rest = "";
  } else if (std::sscanf(std::string(rest).c_str(), "%1[+-]%2d:%2d", sign, &offset_hours, &offset_minutes) == 3 &&
             rest.size() == 6) {
    rest = "";
  } else {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month), std::chrono::day(day)};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
    return std::nullopt;
  const auto offset = std::chrono::hours(offset_hours) + std::chrono::minutes(offset_minutes);
  const TimePoint local = TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
                          std::chrono::minutes(minute) + std::chrono::seconds(second);
  return sign[0] == '-' ? local + offset : local - offset;
}

}  // namespace slipway::aws
