#include "base/even_clock.hpp"

#include <algorithm>

namespace slipway {

TimePoint EvenClock::now() const {
  std::lock_guard lock(mutex_);
  const auto steady = steady_();
  const std::chrono::nanoseconds passed = steady - last_steady_;
  const std::chrono::nanoseconds wanted = wall_() - last_;
  last_steady_ = steady;
  last_ += std::clamp(wanted, passed / 2, passed + passed / 2);
  return std::chrono::time_point_cast<Millis>(last_);
}

}  // namespace slipway
