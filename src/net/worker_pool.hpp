#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace slipway::net {

// A bounded number of threads, started as they are needed, in front of a bounded queue. Thread-safe.
class WorkerPool {
 public:
  // `queue_limit` counts what waits for a thread; 0 takes a task only while a thread is free for it.
  WorkerPool(std::size_t threads, std::size_t queue_limit) : thread_limit_(threads), queue_limit_(queue_limit) {}
  ~WorkerPool() { stop(); }

  // False where the queue is full or the pool has stopped. Tasks must not throw.
  bool submit(std::function<void()> task);
  // Takes a task also beyond the limit, for one that belongs to work that was taken before.
  bool submit_follow_up(std::function<void()> task);
  // Drops what still waits and returns when the running tasks have ended. Idempotent.
  void stop();

 private:
  bool add(std::function<void()> task, std::size_t limit);
  void work();

  const std::size_t thread_limit_;
  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t running_ = 0;
  bool stopped_ = false;
};

}  // namespace slipway::net
