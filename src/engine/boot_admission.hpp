#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

// What the machine that apps boot on has to spare at this moment.
struct MachineRoom {
  std::function<double()> idle_cores;
  std::function<std::uint64_t()> free_bytes;  // of memory
};

// Lets tenants boot one after the other, first come, first served: an app needs the processor most while it boots, so
// that more at once only make every one of them late. A boot counts for its first seconds; past `at_once` of them one
// more is let in whenever processors idle, since apps that hang must not hold others up. A hint, like the queue: what
// it forgets costs speed, nothing else. Thread-safe.
class BootAdmission {
 public:
  // `at_once` 0: as many as come (the machines are somebody else's to fill). `wake` is called for a tenant that waits
  // when there may be room for it.
  BootAdmission(unsigned at_once, MachineRoom room, const Clock& clock, std::function<void(const TenantId&)> wake)
      : at_once_(at_once), room_(std::move(room)), clock_(clock), wake_(std::move(wake)) {}

  // Whether it may boot now, or does already; false: it stands in the line, and is to ask again when it is woken, or
  // within a second. There is always room for one.
  bool enter(const TenantId& id, std::uint64_t memory_bytes);
  // It boots already, whoever started it.
  void note(const TenantId& id, TimePoint since);
  // It does not boot any more, or wants to no more.
  void leave(const TenantId& id);
  // Whether others boot at this moment.
  bool in_company(const TenantId& id);

 private:
  struct Boot {
    TimePoint since;
    std::uint64_t memory_bytes = 0;  // promised, and not yet missing from what is free
  };
  void forget_old(TimePoint now);
  bool has_room(std::uint64_t memory_bytes, TimePoint now) const;

  const unsigned at_once_;
  const MachineRoom room_;
  const Clock& clock_;
  const std::function<void(const TenantId&)> wake_;
  std::mutex mutex_;
  std::map<TenantId, Boot> booting_;
  std::deque<TenantId> waiting_;
  TimePoint last_entry_;
};

}  // namespace slipway
