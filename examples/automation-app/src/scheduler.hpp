#pragma once
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "jobs.hpp"

namespace automation {

// Runs what is due, one job after another; between jobs it sleeps until the next one is due or until woken.
class Scheduler {
 public:
  explicit Scheduler(Jobs& jobs) : jobs_(jobs) {}

  // Returns when `stop` is requested. While the database is away it waits and tries again.
  void run(const std::stop_token& stop);
  // Something about the jobs changed: look again at once.
  void wake();

 private:
  void perform(const Job& job, const std::stop_token& stop);
  void sleep(long long milliseconds, const std::stop_token& stop);

  Jobs& jobs_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool woken_ = false;
};

}  // namespace automation
