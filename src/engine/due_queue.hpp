#pragma once
#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <unordered_map>

#include "base/clock.hpp"
#include "model/names.hpp"
#include "model/step.hpp"

namespace slipway {

// Which tenants this process works on next: first come, first served, by the moment in which each was woken or its time
// came. A tenant is never handed to two workers: one that is woken while it is being worked on comes again afterwards.
// Each lane has workers and a line of its own; whoever is woken stands in the quick one, whose workers find out what
// there is to do. Only a hint: what is owed is remembered by the ledger. Bounded by the number of tenants. Thread-safe.
class DueQueue {
 public:
  explicit DueQueue(const Clock& clock) : clock_(clock) {}

  // Now, whatever was planned. `at`: then or earlier.
  void wake(const TenantId& id);
  void wake_at(const TenantId& id, TimePoint at);

  // Waits for the next tenant of this lane whose turn has come; nothing once `stop` is requested.
  std::optional<TenantId> pop(Lane lane, std::stop_token stop);

  struct Turn {
    TenantId id;
    Lane lane;
  };
  // The next one of any lane if its turn has come; and when there will be one: nothing where none is planned.
  std::optional<Turn> try_pop();
  std::optional<TimePoint> next() const;

  // The worker is done with it; it may be handed out again. `hand_over`: what comes next is another lane's.
  void done(const TenantId& id);
  void hand_over(const TenantId& id, Lane lane);

  std::size_t size() const;

 private:
  static constexpr TimePoint at_once = TimePoint::min();

  struct Line {
    std::deque<TenantId> waiting;
    std::condition_variable_any changed;
  };

  Line& line_of(Lane lane) { return lines_.at(static_cast<std::size_t>(lane)); }
  void plan(const TenantId& id, TimePoint at);
  void stand_in_line(const TenantId& id, Lane lane);
  void leave_line(const TenantId& id);
  void release_due(TimePoint now);
  std::optional<TenantId> take(Lane lane, TimePoint now);

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::array<Line, lane_count> lines_;                              // their turn has come, in that order
  std::set<std::pair<TimePoint, TenantId>> timers_;                 // their time is still to come
  std::unordered_map<TenantId, TimePoint> planned_;                 // all of both; `at_once` for those in a line
  std::unordered_map<TenantId, Lane> handed_over_;                  // whose line is not the quick one
  std::unordered_map<TenantId, std::optional<TimePoint>> running_;  // and when it is wanted again
};

}  // namespace slipway
