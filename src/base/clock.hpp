#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

using Millis = std::chrono::milliseconds;
using TimePoint = std::chrono::sys_time<Millis>;

// Time is an input: logic takes a TimePoint, and whoever must ask the time is given a Clock.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
};

class SystemClock : public Clock {
 public:
  TimePoint now() const override { return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now()); }
};

// RFC 3339 in UTC with milliseconds: "2026-11-23T15:42:00.123Z".
std::string to_rfc3339(TimePoint t);
std::optional<TimePoint> parse_rfc3339(std::string_view text);

// "85 ms", "1.2 s", "3 min 5 s".
std::string human(Millis duration);

}  // namespace slipway
