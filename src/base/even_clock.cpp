#include "base/even_clock.hpp"

#include <time.h>

#include <algorithm>

namespace slipway {

std::chrono::nanoseconds EvenClock::time_since_boot() {
  timespec time{};
  clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

TimePoint EvenClock::now() const {
  std::lock_guard lock(mutex_);
  const auto since_boot = since_boot_();
  const std::chrono::nanoseconds passed = since_boot - last_since_boot_;
  const std::chrono::nanoseconds wanted = wall_() - last_;
  last_since_boot_ = since_boot;
  last_ += std::max(wanted, passed / 2);
  return std::chrono::time_point_cast<Millis>(last_);
}

}  // namespace slipway
