#pragma once
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <unordered_map>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

// Which tenants this process works on next. A tenant is never handed to two workers: one that is woken while it is
// being worked on comes again afterwards. Only a hint: what is owed is remembered by the ledger. Bounded by the number
// of tenants. Thread-safe.
class DueQueue {
 public:
  explicit DueQueue(const Clock& clock) : clock_(clock) {}

  // Now, whatever was planned. `at`: then or earlier.
  void wake(const TenantId& id);
  void wake_at(const TenantId& id, TimePoint at);

  // Waits for the next tenant whose time has come; nothing once `stop` is requested.
  std::optional<TenantId> pop(std::stop_token stop);

  // The next one if its time has come; and when there will be one.
  std::optional<TenantId> try_pop();
  std::optional<TimePoint> next() const;

  // The worker is done with it; it may be handed out again.
  void done(const TenantId& id);

  std::size_t size() const;

 private:
  void plan(const TenantId& id, TimePoint at);
  std::optional<TenantId> take_due(TimePoint now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::set<std::pair<TimePoint, TenantId>> order_;
  std::unordered_map<TenantId, TimePoint> planned_;
  std::unordered_map<TenantId, std::optional<TimePoint>> running_;  // and when it is wanted again
};

}  // namespace slipway
