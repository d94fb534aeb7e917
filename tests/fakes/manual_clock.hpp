#pragma once
#include <mutex>

#include "base/clock.hpp"

namespace slipway::test {

// A clock that moves only by hand. Thread-safe.
class ManualClock : public Clock {
 public:
  explicit ManualClock(TimePoint start = TimePoint(Millis(1'800'000'000'000))) : now_(start) {}

  TimePoint now() const override {
    std::lock_guard lock(mutex_);
    return now_;
  }
  void advance(Millis by) {
    std::lock_guard lock(mutex_);
    now_ += by;
  }
  // Goes to `at`, never back.
  void advance_to(TimePoint at) {
    std::lock_guard lock(mutex_);
    if (at > now_) now_ = at;
  }

 private:
  mutable std::mutex mutex_;
  TimePoint now_;
};

}  // namespace slipway::test
