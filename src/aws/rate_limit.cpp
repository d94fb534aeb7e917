#include "aws/rate_limit.hpp"

#include <algorithm>
#include <cmath>

namespace slipway::aws {

Millis TokenBucket::take(TimePoint now) {
  if (last_ && now > *last_) {
    tokens_ = std::min(burst_, tokens_ + rate_ * static_cast<double>((now - *last_).count()) / 1000.0);
  }
  // A clock that is set back fills nothing, and starts to fill again from there.
  last_ = now;
  tokens_ -= 1;
  return tokens_ >= 0 ? Millis(0) : Millis(static_cast<std::int64_t>(std::ceil(-tokens_ / rate_ * 1000.0)));
}

RateLimiter::RateLimiter(std::string_view service_id) {
  if (service_id != "ecs") return;
  rows_.push_back({{"RunTask", "StopTask"}, {100, 40}});
  rows_.push_back({{"DescribeTasks", "ListTasks", "DescribeContainerInstances"}, {100, 20}});
  rows_.push_back({{"RegisterTaskDefinition"}, {20, 1}});
  rows_.push_back({{"TagResource"}, {20, 10}});
}

Millis RateLimiter::reserve(std::string_view operation, TimePoint now) {
  std::lock_guard lock(mutex_);
  for (auto& row : rows_) {
    if (std::find(row.operations.begin(), row.operations.end(), operation) != row.operations.end()) {
      return row.bucket.take(now);
    }
  }
  return Millis(0);
}

bool RetryBudget::take() {
  std::lock_guard lock(mutex_);
  if (left_ < price) return false;
  left_ -= price;
  return true;
}

void RetryBudget::give_back() {
  std::lock_guard lock(mutex_);
  left_ = std::min(full, left_ + 1);
}

}  // namespace slipway::aws
