#pragma once
#include <mutex>
#include <set>

#include "os/descriptor.hpp"

namespace slipway::process {

// Wakes whoever waits in poll: each waiter adds an eventfd of its own for as long as it waits. Thread-safe.
class Wakeups {
 public:
  // One waiter. `fd()` becomes readable with `ring()`, its own or that of all, until `clear()`.
  class Waiter {
   public:
    explicit Waiter(Wakeups& all);
    ~Waiter();
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    int fd() const { return fd_.get(); }
    void ring() const;
    void clear() const;

   private:
    Wakeups& all_;
    os::Descriptor fd_;
  };

  void ring();

 private:
  std::mutex mutex_;
  std::set<const Waiter*> waiters_;
};

}  // namespace slipway::process
