#include "scheduler.hpp"

#include <chrono>
#include <cstdio>

#include "http_get.hpp"

namespace automation {

namespace {

using namespace std::chrono_literals;

constexpr auto kFetchDeadline = 10s;
constexpr long long kLongestSleepMs = 30'000;
constexpr long long kRetryMs = 1'000;

}  // namespace

void Scheduler::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    long long wait_ms = 0;
    try {
      if (const auto job = jobs_.claim_due()) {
        perform(*job, stop);
      } else {
        wait_ms = jobs_.milliseconds_until_due(kLongestSleepMs);
      }
    } catch (const DatabaseError& error) {
      std::fprintf(stderr, "scheduler: %s; trying again\n", error.what());
      wait_ms = kRetryMs;
    }
    sleep(wait_ms, stop);
  }
}

void Scheduler::perform(const Job& job, const std::stop_token& stop) {
  const auto began = std::chrono::steady_clock::now();
  Fetched done{true, job.target};
  if (job.action == "http-get") {
    const auto url = parse_url(job.target);
    done = url ? http_get(*url, kFetchDeadline, stop) : Fetched{false, "not an http:// URL"};
  }
  // Cut short by the stop: it runs again at its next time, and no false failure is written down.
  if (stop.stop_requested()) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  jobs_.record(job.id, {"", took.count(), done.ok, done.outcome});
}

void Scheduler::sleep(long long milliseconds, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, stop, std::chrono::milliseconds(milliseconds), [this] { return woken_; });
  woken_ = false;
}

void Scheduler::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

}  // namespace automation
