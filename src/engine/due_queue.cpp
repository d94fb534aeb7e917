#include "engine/due_queue.hpp"

namespace slipway {

void DueQueue::wake(const TenantId& id) { wake_at(id, TimePoint::min()); }

void DueQueue::wake_at(const TenantId& id, TimePoint at) {
  std::lock_guard lock(mutex_);
  const auto running = running_.find(id);
  if (running != running_.end()) {
    running->second = running->second ? std::min(*running->second, at) : at;
    return;
  }
  plan(id, at);
}

void DueQueue::plan(const TenantId& id, TimePoint at) {
  const auto known = planned_.find(id);
  if (known != planned_.end()) {
    if (known->second <= at) return;
    order_.erase({known->second, id});
  }
  planned_[id] = at;
  order_.insert({at, id});
  changed_.notify_one();
}

std::optional<TenantId> DueQueue::take_due(TimePoint now) {
  if (order_.empty() || order_.begin()->first > now) return std::nullopt;
  TenantId id = order_.begin()->second;
  order_.erase(order_.begin());
  planned_.erase(id);
  running_[id] = std::nullopt;
  return id;
}

std::optional<TenantId> DueQueue::pop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const TimePoint now = clock_.now();
    if (auto id = take_due(now)) return id;
    // At most a second, so that a clock that was set back cannot make anyone wait for long.
    Millis wait{1'000};
    if (!order_.empty()) wait = std::min(wait, order_.begin()->first - now);
    changed_.wait_for(lock, stop, wait, [this, head = order_.empty() ? TimePoint::max() : order_.begin()->first] {
      return !order_.empty() && order_.begin()->first < head;
    });
  }
  return std::nullopt;
}

std::optional<TenantId> DueQueue::try_pop() {
  std::lock_guard lock(mutex_);
  return take_due(clock_.now());
}

std::optional<TimePoint> DueQueue::next() const {
  std::lock_guard lock(mutex_);
  if (order_.empty()) return std::nullopt;
  return order_.begin()->first;
}

void DueQueue::done(const TenantId& id) {
  std::lock_guard lock(mutex_);
  const auto running = running_.find(id);
  if (running == running_.end()) return;
  const auto again = running->second;
  running_.erase(running);
  if (again) plan(id, *again);
}

std::size_t DueQueue::size() const {
  std::lock_guard lock(mutex_);
  return planned_.size() + running_.size();
}

}  // namespace slipway
