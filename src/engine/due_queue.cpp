#include "engine/due_queue.hpp"

namespace slipway {

void DueQueue::wake(const TenantId& id) { wake_at(id, at_once); }

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
  const auto [known, fresh] = planned_.try_emplace(id, at);
  if (!fresh) {
    if (known->second <= at) return;
    timers_.erase({known->second, id});
    known->second = at;
  }
  if (at == at_once) {
    release_due(clock_.now());  // whose time came before
    ready_.push_back(id);
  } else {
    timers_.insert({at, id});
  }
  changed_.notify_one();
}

void DueQueue::release_due(TimePoint now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const TenantId id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    planned_[id] = at_once;
    ready_.push_back(id);
  }
}

std::optional<TenantId> DueQueue::take_due(TimePoint now) {
  release_due(now);
  if (ready_.empty()) return std::nullopt;
  TenantId id = std::move(ready_.front());
  ready_.pop_front();
  planned_.erase(id);
  running_[id] = std::nullopt;
  if (!ready_.empty()) changed_.notify_one();
  return id;
}

std::optional<TenantId> DueQueue::pop(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const TimePoint now = clock_.now();
    if (auto id = take_due(now)) return id;
    // At most a second, so that a clock that was set back cannot make anyone wait for long.
    Millis wait{1'000};
    if (!timers_.empty()) wait = std::min(wait, timers_.begin()->first - now);
    changed_.wait_for(lock, stop, wait, [this, first = timers_.empty() ? TimePoint::max() : timers_.begin()->first] {
      return !ready_.empty() || (!timers_.empty() && timers_.begin()->first < first);
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
  if (!ready_.empty()) return at_once;
  if (timers_.empty()) return std::nullopt;
  return timers_.begin()->first;
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
