#pragma once
#include <functional>
#include <mutex>

#include "base/clock.hpp"

namespace slipway {

// The system's time, but it never jumps: where somebody sets the machine's clock it goes up to half as fast again, or
// half as fast, until it agrees. So nothing that waits for a time waits for hours, and no budget is spent by a jump.
class EvenClock : public Clock {
 public:
  using Steady = std::chrono::steady_clock;
  using Wall = std::function<TimePoint()>;
  explicit EvenClock(
      Wall wall = [] { return SystemClock().now(); }, std::function<Steady::time_point()> steady = Steady::now)
      : wall_(std::move(wall)), steady_(std::move(steady)), last_steady_(steady_()), last_(wall_()) {}

  TimePoint now() const override;

 private:
  Wall wall_;
  std::function<Steady::time_point()> steady_;
  mutable std::mutex mutex_;
  mutable Steady::time_point last_steady_;
  mutable std::chrono::sys_time<std::chrono::nanoseconds> last_;
};

}  // namespace slipway
