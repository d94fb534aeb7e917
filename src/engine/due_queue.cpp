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
    if (at == at_once) leave_line(id);  // something has happened: what it waits for may not be what it needs now
    if (known->second <= at) return;
    timers_.erase({known->second, id});
    known->second = at;
  }
  if (at == at_once) {
    release_due(clock_.now());  // whose time came before
    stand_in_line(id, Lane::quick);
  } else {
    timers_.insert({at, id});
    line_of(Lane::quick).changed.notify_one();
  }
}

void DueQueue::stand_in_line(const TenantId& id, Lane lane) {
  Line& line = line_of(lane);
  line.waiting.push_back(id);
  line.changed.notify_one();
}

// From the line of a slower lane to the quick one.
void DueQueue::leave_line(const TenantId& id) {
  const auto where = handed_over_.find(id);
  if (where == handed_over_.end()) return;
  std::erase(line_of(where->second).waiting, id);
  handed_over_.erase(where);
  stand_in_line(id, Lane::quick);
}

void DueQueue::release_due(TimePoint now) {
  while (!timers_.empty() && timers_.begin()->first <= now) {
    const TenantId id = timers_.begin()->second;
    timers_.erase(timers_.begin());
    planned_[id] = at_once;
    stand_in_line(id, Lane::quick);
  }
}

std::optional<TenantId> DueQueue::take(Lane lane, TimePoint now) {
  release_due(now);
  auto& line = line_of(lane).waiting;
  if (line.empty()) return std::nullopt;
  TenantId id = std::move(line.front());
  line.pop_front();
  planned_.erase(id);
  handed_over_.erase(id);
  running_[id] = std::nullopt;
  return id;
}

std::optional<TenantId> DueQueue::pop(Lane lane, std::stop_token stop) {
  Line& line = line_of(lane);
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const TimePoint now = clock_.now();
    if (auto id = take(lane, now)) return id;
    // At most a second, so that a clock that was set back cannot make anyone wait for long.
    Millis wait{1'000};
    const TimePoint first = timers_.empty() ? TimePoint::max() : timers_.begin()->first;
    const bool timed = lane == Lane::quick;
    if (timed && !timers_.empty()) wait = std::min(wait, first - now);
    line.changed.wait_for(lock, stop, wait, [&] {
      return !line.waiting.empty() || (timed && !timers_.empty() && timers_.begin()->first < first);
    });
  }
  return std::nullopt;
}

std::optional<DueQueue::Turn> DueQueue::try_pop() {
  std::lock_guard lock(mutex_);
  for (const Lane lane : {Lane::quick, Lane::engine, Lane::bulk}) {
    if (const auto id = take(lane, clock_.now())) return Turn{*id, lane};
  }
  return std::nullopt;
}

std::optional<TimePoint> DueQueue::next() const {
  std::lock_guard lock(mutex_);
  for (const Line& line : lines_) {
    if (!line.waiting.empty()) return at_once;
  }
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

void DueQueue::hand_over(const TenantId& id, Lane lane) {
  std::lock_guard lock(mutex_);
  const auto running = running_.find(id);
  if (running == running_.end()) return;
  const bool woken = running->second == at_once;
  running_.erase(running);
  if (woken) return plan(id, at_once);
  planned_[id] = at_once;
  handed_over_[id] = lane;
  stand_in_line(id, lane);
}

std::size_t DueQueue::size() const {
  std::lock_guard lock(mutex_);
  return planned_.size() + running_.size();
}

}  // namespace slipway
