#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace slipway::aws {

// A bucket of `burst` tokens that fills by `rate` tokens a second. Not thread-safe.
class TokenBucket {
 public:
  TokenBucket(double burst, double rate) : burst_(burst), rate_(rate), tokens_(burst) {}

  // Takes one token, on credit where there is none: how long to wait before what it was taken for may be done.
  Millis take(TimePoint now);

 private:
  double burst_;
  double rate_;
  double tokens_;
  std::optional<TimePoint> last_;
};

// Keeps a process within AWS's own limits, so that it is not throttled in the first place. Known for ECS
// ("Request throttling for the Amazon ECS API"): each row is one bucket for the account and region. Thread-safe.
class RateLimiter {
 public:
  explicit RateLimiter(std::string_view service_id);
  // How long to wait before the operation may be sent; 0 for one without a limit.
  Millis reserve(std::string_view operation, TimePoint now);

 private:
  struct Row {
    std::vector<std::string_view> operations;
    TokenBucket bucket;
  };
  std::mutex mutex_;
  std::vector<Row> rows_;
};

// What retries may cost in all, so that a service in trouble is not asked many times as often: each takes some, each
// success gives a little back (the "standard" retry mode of AWS's SDKs). Thread-safe.
class RetryBudget {
 public:
  bool take();  // false: spent
  void give_back();

 private:
  static constexpr int full = 500;
  static constexpr int price = 5;
  std::mutex mutex_;
  int left_ = full;
};

}  // namespace slipway::aws
