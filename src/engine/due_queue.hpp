#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <unordered_map>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

// Which tenants this process works on next: first come, first served, by the moment in which each was woken or its time
// came. A tenant is never handed to two workers: one that is woken while it is being worked on comes again afterwards.
// Only a hint: what is owed is remembered by the ledger. Bounded by the number of tenants. Thread-safe.
class DueQueue {
 public:
  explicit DueQueue(const Clock& clock) : clock_(clock) {}

  // Now, whatever was planned. `at`: then or earlier.
  void wake(const TenantId& id);
  void wake_at(const TenantId& id, TimePoint at);

  // Waits for the next tenant whose turn has come; nothing once `stop` is requested.
  std::optional<TenantId> pop(std::stop_token stop);

  // The next one if its turn has come; and when there will be one: nothing where none is planned.
  std::optional<TenantId> try_pop();
  std::optional<TimePoint> next() const;

  // The worker is done with it; it may be handed out again.
  void done(const TenantId& id);

  std::size_t size() const;

 private:
  static constexpr TimePoint at_once = TimePoint::min();

  void plan(const TenantId& id, TimePoint at);
  void release_due(TimePoint now);
  std::optional<TenantId> take_due(TimePoint now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<TenantId> ready_;                                      // their turn has come, in that order
  std::set<std::pair<TimePoint, TenantId>> timers_;                 // their time is still to come
  std::unordered_map<TenantId, TimePoint> planned_;                 // all of both; `at_once` for the ready ones
  std::unordered_map<TenantId, std::optional<TimePoint>> running_;  // and when it is wanted again
};

}  // namespace slipway
