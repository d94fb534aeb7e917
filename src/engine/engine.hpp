#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/log.hpp"
#include "engine/due_queue.hpp"
#include "engine/sweeper.hpp"
#include "engine/turns.hpp"

namespace slipway {

// The threads around reconcile: workers, the pump that finds in the ledger what is due, the sweep, the runtime's
// events. Everything that it remembers besides the ledger is a hint.
class Engine {
 public:
  // `owner` names this process's leases; no other process may use it. `events` may be null.
  Engine(const World& world, const Settings& settings, std::string owner, RuntimeEvents* events, Log log);
  ~Engine() { stop(); }

  // Begins with a sweep, which adopts what runs and finds what has drifted.
  void start();
  // Lets each worker finish its step, gives the leases back and joins. Idempotent.
  void stop();

  // Someone has changed what is wanted of this tenant, or something has happened to it: look now.
  void wake(const TenantId& id);

  // One turn of a worker and of the pump, for those who have no threads and crank the clock by hand: works on the
  // tenant that is due, if there is one; finds what is due in the ledger, renews the leases and says when to do so
  // again.
  bool work_once();
  Millis pump_once();
  std::optional<TimePoint> next_work() const { return queue_.next(); }

  // When the pump last came round, which it does about every second: where this is long ago, nothing is found that
  // falls due.
  TimePoint last_turn() const { return last_turn_; }

  Watch& watch() { return watch_; }
  Sweeper& sweeper() { return sweeper_; }

 private:
  void work(Lane lane, std::stop_token stop);
  void work_on(const TenantId& id, Lane lane);
  void work_on_safely(const TenantId& id, Lane lane);
  void put_off(const TenantId& id);
  void listen(std::stop_token stop);
  void pause(std::stop_token stop, Millis wait);
  std::optional<Tenant> take(const TenantId& id);
  void give_back(const TenantId& id, Tenant&& tenant, const Reconciler::Outcome& outcome);
  void wake_all_who_wait();
  void pump(std::stop_token stop);
  void renew_leases();
  void sweep_often(std::stop_token stop);
  void sweep_soon();

  World world_;
  const Settings& settings_;
  RuntimeEvents* events_;
  Log log_;
  Watch watch_;
  DueQueue queue_;
  BootAdmission boots_;
  Turns turns_;
  Sweeper sweeper_;

  std::mutex mutex_;
  std::unordered_map<TenantId, Tenant> held_;       // leased rows between two looks at a booting app
  std::unordered_map<TenantId, TimePoint> leased_;  // when each lease of ours was last renewed
  std::unordered_set<TenantId> stale_;              // held rows that somebody has written to

  std::atomic<TimePoint> last_turn_{TimePoint()};

  std::mutex pause_mutex_;
  std::condition_variable_any pause_;
  bool sweep_wanted_ = false;

  std::vector<std::jthread> threads_;
};

}  // namespace slipway
