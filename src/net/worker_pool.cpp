#include "net/worker_pool.hpp"

#include <limits>
#include <system_error>

namespace slipway::net {

bool WorkerPool::submit(std::function<void()> task) { return add(std::move(task), queue_limit_); }

bool WorkerPool::submit_follow_up(std::function<void()> task) {
  return add(std::move(task), std::numeric_limits<std::size_t>::max() / 2);
}

bool WorkerPool::add(std::function<void()> task, std::size_t limit) {
  std::lock_guard lock(mutex_);
  if (stopped_ || queue_.size() + running_ >= thread_limit_ + limit) return false;
  queue_.push_back(std::move(task));
  if (queue_.size() + running_ > threads_.size() && threads_.size() < thread_limit_) {
    try {
      threads_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      // The system has no thread to give: others will come to it, or there is no one.
      if (threads_.empty()) {
        queue_.pop_back();
        return false;
      }
    }
  }
  wake_.notify_one();
  return true;
}

void WorkerPool::work() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    if (queue_.empty()) {
      wake_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
      continue;
    }
    auto task = std::move(queue_.front());
    queue_.pop_front();
    ++running_;
    lock.unlock();
    task();
    task = nullptr;  // what it holds goes before the lock is taken
    lock.lock();
    --running_;
  }
}

void WorkerPool::stop() {
  std::vector<std::thread> threads;
  std::deque<std::function<void()>> dropped;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    threads.swap(threads_);
    dropped.swap(queue_);
    wake_.notify_all();
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace slipway::net
