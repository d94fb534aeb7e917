#pragma once
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "contracts/store.hpp"
#include "engine/specs.hpp"
#include "engine/world.hpp"

namespace slipway {

// Something in the world with our label that no tenant of the ledger accounts for.
struct Orphan {
  Resource resource;
  TimePoint first_seen;
  bool removed = false;
  bool held = false;  // its tenant is unknown to the ledger; see Unknown
};

struct SweepReport {
  std::vector<Orphan> orphans;
  std::vector<TenantId> drifted;  // tenants whose instance does not run, or runs, but should not; they were woken
};

// What becomes of things whose tenant the ledger does not know at all. A row is written before anything is made for it
// and is never removed, so the ledger itself must have lost it: restored from a backup, it knows nothing of customers
// who came later and have paid. So they are kept for ever, unless an operator says otherwise.
enum class Unknown { hold, remove };

// Holds the world against the ledger: wakes tenants whose instance is gone or ended, and removes what belongs to
// nobody, once it has been seen for the whole grace. Thread-safe.
class Sweeper {
 public:
  Sweeper(const World& world, const Settings& settings, std::function<void(const TenantId&)> wake, Log log)
      : world_(world),
        settings_(settings),
        specs_(world.store, world.database, settings, world.limits != nullptr),
        wake_(std::move(wake)),
        log_(std::move(log)) {}

  // `dry_run` only looks: it wakes nobody, removes nothing and starts no grace.
  SweepReport sweep(bool dry_run, Unknown unknown = Unknown::hold);

 private:
  using Key = std::pair<std::string, std::string>;  // kind, name
  std::vector<Resource> resources() const;
  bool discard(const Resource& resource);
  void warn_of(const Orphan& orphan) const;
  enum class Row;
  Row look_up(const TenantId& id, const std::string& made);
  bool hold(const TenantId& id);
  void let_go(const TenantId& id);

  World world_;
  const Settings& settings_;
  Specs specs_;
  std::function<void(const TenantId&)> wake_;
  Log log_;
  std::mutex mutex_;
  std::string owner_;  // of this sweep's leases: nobody else's, or two sweeps would hold one tenant and let it go
  std::map<Key, TimePoint> first_seen_;
};

}  // namespace slipway
