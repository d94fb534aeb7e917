#pragma once
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "contracts/store.hpp"
#include "drivers/store/dynamodb/table.hpp"

namespace slipway::dynamodb {

// The tenants' timelines. What one write appends is one item (or a few, where it is much), numbered one after the
// newest, so that a number is taken once and no event appears below one that was already seen.
class Timeline {
 public:
  Timeline(Table& table, Millis keep) : table_(table), keep_(keep) {}

  // The end of a timeline as it was read: the next item's number, and how many events there have been.
  struct End {
    std::uint64_t next = 0;
    std::uint64_t total = 0;
  };
  // Of a tenant that is just being made, or whose timeline has expired: numbers go on from the time.
  static End fresh(const Event& event);

  // The end as this process knows it, which may be out of date, or as it is read.
  End end_of(const TenantId& id, const Event& first);
  void remember(const TenantId& id, const End& end);  // or what is known already, if that is further
  void moved(const TenantId& id, const End& end);     // where one is remembered
  void forget(const TenantId& id);

  // The writes that append the events, and `end` moved behind them; none of them happens where the number is taken by
  // now.
  std::vector<Write> append(const TenantId& id, End& end, const std::vector<Event>& events,
                            const std::string& writer) const;

  // Called before `count` events are appended: removes what has fallen out of the newest 1,000, once in a hundred
  // events. What is still there is not shown, and expires.
  void trim(const TenantId& id, const End& end, std::size_t count);

  std::vector<Event> newest(const TenantId& id, std::size_t limit);
  std::vector<Event> next(const TenantId& id, std::uint64_t after, std::size_t limit);

 private:
  std::optional<End> remembered(const TenantId& id);

  Table& table_;
  const Millis keep_;
  std::mutex mutex_;
  std::map<TenantId, End> ends_;  // of tenants that this process has claimed and not yet released
};

}  // namespace slipway::dynamodb
