#pragma once
#include <functional>
#include <mutex>

#include "base/clock.hpp"

namespace slipway {

// The system's time, but it never goes back: where somebody sets the machine's clock back, it goes half as fast until
// it agrees, so that nothing that waits for a time waits for hours. Forward it jumps: after a sleep of the machine, or
// where its clock was wrong, it is right at once.
class EvenClock : public Clock {
 public:
  using Wall = std::function<TimePoint()>;
  using SinceBoot = std::function<std::chrono::nanoseconds()>;  // goes on while the machine sleeps
  explicit EvenClock(
      Wall wall = [] { return SystemClock().now(); }, SinceBoot since_boot = time_since_boot)
      : wall_(std::move(wall)), since_boot_(std::move(since_boot)), last_since_boot_(since_boot_()), last_(wall_()) {}

  TimePoint now() const override;

 private:
  static std::chrono::nanoseconds time_since_boot();

  Wall wall_;
  SinceBoot since_boot_;
  mutable std::mutex mutex_;
  mutable std::chrono::nanoseconds last_since_boot_;
  mutable std::chrono::sys_time<std::chrono::nanoseconds> last_;
};

}  // namespace slipway
