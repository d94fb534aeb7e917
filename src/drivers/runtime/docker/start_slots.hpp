#pragma once
#include <condition_variable>
#include <mutex>

#include "base/clock.hpp"

namespace slipway::docker {

// A counting semaphore with a time-out. Not std::counting_semaphore: that of GCC 12 can sleep for ever (PR 104928).
class StartSlots {
 public:
  explicit StartSlots(unsigned count) : free_(count) {}

  // Holds one slot while it lives.
  class Held {
   public:
    explicit Held(StartSlots* slots) : slots_(slots) {}
    Held(Held&& other) noexcept : slots_(other.slots_) { other.slots_ = nullptr; }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;
    Held& operator=(Held&&) = delete;
    ~Held() {
      if (slots_ != nullptr) slots_->give_back();
    }
    explicit operator bool() const { return slots_ != nullptr; }

   private:
    StartSlots* slots_;
  };

  // False (an empty hold) where none came free within `timeout`.
  Held take(Millis timeout) {
    std::unique_lock lock(mutex_);
    const auto until = std::chrono::system_clock::now() + timeout;  // TSan of GCC 12 does not know waits on steady time
    if (!came_free_.wait_until(lock, until, [this] { return free_ > 0; })) return Held(nullptr);
    --free_;
    return Held(this);
  }

 private:
  void give_back() {
    {
      std::lock_guard lock(mutex_);
      ++free_;
    }
    came_free_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable came_free_;
  unsigned free_;
};

}  // namespace slipway::docker
