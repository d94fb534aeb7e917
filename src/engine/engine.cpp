#include "engine/engine.hpp"

#include <limits>

#include "base/error.hpp"
#include "base/guard.hpp"

namespace slipway {
namespace {

constexpr std::size_t due_batch = 256;
constexpr Millis pump_interval{1'000};
constexpr Millis shortest_pump{10};
constexpr Millis renew_after = lease_time / 3;
constexpr Millis after_trouble{1'000};

}  // namespace

Engine::Engine(const World& world, const Settings& settings, std::string owner, RuntimeEvents* events, Log log)
    : world_(world),
      settings_(settings),
      events_(events),
      log_(log),
      queue_(world.clock),
      boots_(settings.boots_at_once, world.room, world.clock, [this](const TenantId& id) { wake(id); }),
      turns_(world, settings, watch_, owner, log, &boots_),
      sweeper_(
          world, settings, [this](const TenantId& id) { wake(id); }, log) {}

void Engine::start() {
  sweep_wanted_ = true;
  wake_all_who_wait();
  last_turn_ = world_.clock.now();
  const unsigned half = std::max(1u, settings_.workers / 2);
  for (const auto& [lane, workers] :
       {std::pair(Lane::quick, half), std::pair(Lane::engine, settings_.workers), std::pair(Lane::bulk, half)}) {
    for (unsigned i = 0; i < workers; ++i) {
      threads_.emplace_back([this, lane = lane](std::stop_token stop) { work(lane, stop); });
    }
  }
  threads_.emplace_back([this](std::stop_token stop) { pump(stop); });
  threads_.emplace_back([this](std::stop_token stop) { sweep_often(stop); });
  if (events_ != nullptr) {
    threads_.emplace_back([this](std::stop_token stop) { listen(stop); });
  }
}

// At a start all who wait for a time decide anew: the clock may have been set back while nobody watched.
void Engine::wake_all_who_wait() {
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();  // as many as the queue can come to hold
  try {
    for (const TenantId& id : world_.store.due(whenever, all)) queue_.wake(id);
  } catch (const std::exception& error) {
    log_.error(error.what());  // those whose time has come are found by the pump
  }
}

void Engine::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  threads_.clear();
  std::lock_guard lock(mutex_);
  for (const auto& [id, tenant] : held_) {
    try {
      turns_.release(id);
    } catch (const std::exception& error) {
      log_.warn("a lease could not be given back; it runs out by itself",
                {{"tenant", id.value()}, {"why", error.what()}});
    }
  }
  held_.clear();
  leased_.clear();
}

void Engine::wake(const TenantId& id) {
  {
    std::lock_guard lock(mutex_);
    stale_.insert(id);
  }
  queue_.wake(id);
}

// Events are hints, so a runtime that cannot tell any costs time and nothing else: the sweep finds what they missed.
void Engine::listen(std::stop_token stop) {
  while (!stop.stop_requested()) {
    guarded(log_, "the runtime's events",
            [&] { events_->watch([this](const TenantId& id) { wake(id); }, [this] { sweep_soon(); }, stop); });
    pause(stop, after_trouble);
  }
}

void Engine::pause(std::stop_token stop, Millis wait) {
  std::unique_lock lock(pause_mutex_);
  pause_.wait_for(lock, stop, wait, [] { return false; });
}

void Engine::work(Lane lane, std::stop_token stop) {
  while (const auto id = queue_.pop(lane, stop)) {
    if (guarded(log_, "a worker", [&] { work_on_safely(*id, lane); })) continue;
    guarded(log_, "a worker", [&] { put_off(*id); });
  }
}

bool Engine::work_once() {
  const auto turn = queue_.try_pop();
  if (turn) work_on_safely(turn->id, turn->lane);
  return turn.has_value();
}

void Engine::work_on_safely(const TenantId& id, Lane lane) {
  try {
    work_on(id, lane);
  } catch (const std::exception& error) {
    log_.error(error.what(), {{"tenant", id.value()}});
    put_off(id);
  }
}

// After trouble with the row itself: forget what was known of it and look again in a moment.
void Engine::put_off(const TenantId& id) {
  {
    std::lock_guard lock(mutex_);
    held_.erase(id);
    leased_.erase(id);
  }
  boots_.leave(id);  // it must not hold up those who stand behind it
  queue_.wake_at(id, world_.clock.now() + after_trouble);
  queue_.done(id);
}

void Engine::work_on(const TenantId& id, Lane lane) {
  auto tenant = take(id);
  if (!tenant) {  // another process works on it, or it is gone
    boots_.leave(id);
    return queue_.done(id);
  }
  const auto outcome = turns_.reconcile(*tenant, lane);
  give_back(id, std::move(*tenant), outcome);
}

// The row, leased: the one kept from the last look, unless it has been written to, else as the ledger has it.
std::optional<Tenant> Engine::take(const TenantId& id) {
  {
    std::lock_guard lock(mutex_);
    const bool stale = stale_.erase(id) != 0;
    const auto held = held_.find(id);
    if (held != held_.end()) {
      Tenant tenant = std::move(held->second);
      held_.erase(held);
      if (!stale) return tenant;
    }
  }
  const TimePoint now = world_.clock.now();
  auto tenant = turns_.claim(id);
  std::lock_guard lock(mutex_);
  if (tenant) {
    leased_[id] = now;
  } else {
    leased_.erase(id);
  }
  return tenant;
}

void Engine::give_back(const TenantId& id, Tenant&& tenant, const Reconciler::Outcome& outcome) {
  {
    std::lock_guard lock(mutex_);
    if (outcome.lease_kept) {
      held_[id] = std::move(tenant);
    } else {
      leased_.erase(id);
    }
  }
  if (outcome.lane > Lane::quick) return queue_.hand_over(id, outcome.lane);
  if (outcome.again) queue_.wake_at(id, *outcome.again);
  queue_.done(id);
}

void Engine::pump(std::stop_token stop) {
  while (!stop.stop_requested()) {
    Millis wait = pump_interval;
    guarded(log_, "the pump", [&] { wait = pump_once(); });
    last_turn_ = world_.clock.now();
    pause(stop, wait);
  }
}

Millis Engine::pump_once() {
  try {
    const TimePoint now = world_.clock.now();
    const auto due = world_.store.due(now, due_batch);
    for (const TenantId& id : due) queue_.wake(id);
    renew_leases();
    if (due.size() == due_batch) return shortest_pump;
    // What is due already has just been handed out: to ask again at once would tell nothing new.
    const auto next = world_.store.next_due();
    if (next && *next > now) return std::clamp(*next - now, shortest_pump, pump_interval);
  } catch (const std::exception& error) {
    log_.error(error.what());
  }
  return pump_interval;
}

void Engine::renew_leases() {
  const TimePoint now = world_.clock.now();
  std::vector<TenantId> old;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, renewed] : leased_) {
      if (now - renewed >= renew_after) old.push_back(id);
    }
  }
  for (const TenantId& id : old) {
    {
      // Given back meanwhile: then it is not ours to claim.
      std::lock_guard lock(mutex_);
      if (!leased_.contains(id)) continue;
      leased_[id] = now;
    }
    if (turns_.renew(id)) continue;
    // Another has had it since: whoever of ours is still at work is late, and what is in memory is old.
    std::lock_guard lock(mutex_);
    leased_.erase(id);
    held_.erase(id);
  }
}

void Engine::sweep_soon() {
  std::lock_guard lock(pause_mutex_);
  sweep_wanted_ = true;
  pause_.notify_all();
}

void Engine::sweep_often(std::stop_token stop) {
  bool renewed = false;
  while (true) {
    {
      std::unique_lock lock(pause_mutex_);
      pause_.wait_for(lock, stop, settings_.sweep_interval, [this] { return sweep_wanted_; });
      if (stop.stop_requested()) return;
      sweep_wanted_ = false;
    }
    renewed = renewed || guarded(log_, "bringing older databases up to date", [&] { world_.database.renew(); });
    guarded(log_, "sweep", [&] { sweeper_.sweep(false); });
  }
}

}  // namespace slipway
