#include "net/http_date.hpp"

#include <cstdio>

namespace slipway::net {

std::optional<TimePoint> date_of(const Response& answer) {
  static constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  const auto text = header(answer.headers, "Date");
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  char name[4] = {};
  if (std::sscanf(text.c_str(), "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, name, &year, &hour, &minute, &second) != 6) {
    return std::nullopt;
  }
  const auto month = months.find(name);
  if (std::string_view(name).size() != 3 || month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month / 3) + 1),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

}  // namespace slipway::net
