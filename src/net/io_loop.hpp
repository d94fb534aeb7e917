#pragma once
#include <chrono>
#include <functional>
#include <memory>

#include "net/resolve.hpp"

namespace slipway::net {

// The I/O thread's loop: readiness of descriptors, timers, and tasks posted from other threads. Reading and writing are
// plain non-blocking system calls of whoever is told that a descriptor is ready.
class IoLoop {
 public:
  IoLoop();
  ~IoLoop();
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;

  // Runs callbacks on the calling thread until release() was called and nothing is left to wait for.
  void run();
  void release();
  // From any thread; runs on the loop's thread, in the order of posting.
  void post(std::function<void()> task);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

// Owns a non-blocking descriptor. Callbacks get false where the wait was ended by close(). Loop's thread only.
class Watched {
 public:
  Watched(IoLoop& loop, int fd);
  ~Watched();
  int fd() const { return fd_; }
  void when_readable(std::function<void(bool)> callback);
  void when_writable(std::function<void(bool)> callback);
  void close();

 private:
  struct Impl;
  int fd_;
  std::unique_ptr<Impl> impl_;
};

// Calls once at its time unless set anew, cancelled or destroyed before. Loop's thread only.
class LoopTimer {
 public:
  explicit LoopTimer(IoLoop& loop);
  ~LoopTimer();
  void at(Deadline time, std::function<void()> callback);
  void cancel();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
