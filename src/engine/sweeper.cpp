#include "engine/sweeper.hpp"

#include <fmt/format.h>

#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"
#include "base/id.hpp"
#include "engine/reconciler.hpp"

namespace slipway {
namespace {

constexpr std::size_t page_size = 10'000;

// Of these the rows may say that an instance should be running.
constexpr std::array running_statuses = {Status::provisioning, Status::active,     Status::restarting,
                                         Status::healing,      Status::crash_loop, Status::resuming};

bool should_run(const Tenant& t) { return t.desired == Desired::running && t.started && t.failure.empty(); }

// Nothing of it may be in the world any more.
bool is_finished(const Tenant& t) { return t.status == Status::deleted || t.status == Status::failed; }

// Calls `visit` for every tenant with the status, without reading its row: a ledger may have 100,000 of them.
template <class Visit>
void for_each_with(Store& store, Status status, Visit visit) {
  std::string after;
  while (true) {
    const auto page = store.ids(status, after, page_size);
    for (const TenantId& id : page) visit(id);
    if (page.size() < page_size) return;
    after = page.back().value();
  }
}

bool is_database(const Resource& resource) { return resource.kind == "database" || resource.kind == "role"; }

}  // namespace

// The little of a row that a sweep must know of what is there.
enum class Sweeper::Row { none, finished, suspended, not_closed, live, changed };

Sweeper::Row Sweeper::look_up(const TenantId& id, const std::string& made) {
  const auto tenant = world_.store.find(id);
  if (!tenant) return Row::none;
  if (is_finished(*tenant)) return Row::finished;
  if (tenant->status == Status::suspended) {
    return tenant->database_closed ? Row::suspended : Row::not_closed;  // by an older version
  }
  if (tenant->status != Status::active) return Row::live;
  const auto limits = specs_.limits_change(*tenant);
  const bool outdated =
      limits == Specs::LimitsChange::at_start || specs_.is_outdated(*tenant, made).value_or(tenant->outdated);
  const bool changed = outdated != tenant->outdated || limits == Specs::LimitsChange::now || specs_.has_moved(*tenant);
  return changed ? Row::changed : Row::live;
}

std::vector<Resource> Sweeper::resources() const {
  auto all = world_.runtime.resources();
  auto databases = world_.database.resources();
  std::move(databases.begin(), databases.end(), std::back_inserter(all));
  return all;
}

SweepReport Sweeper::sweep(bool dry_run, Unknown unknown) {
  std::lock_guard lock(mutex_);
  owner_ = new_id("sweep_", world_.clock.now(), world_.random);
  // First the world, then the ledger: a row is written before anything is made for it.
  const auto found = resources();
  const auto instances = world_.runtime.instances();
  SweepReport report;

  std::unordered_map<TenantId, std::string> made;
  for (const Instance& instance : instances) made[instance.tenant] = instance.fingerprint;

  // A tenant has several resources, and its row is looked at once.
  std::unordered_map<TenantId, Row> rows;
  const auto row_of = [&](const TenantId& id) {
    const auto [entry, fresh] = rows.try_emplace(id, Row::none);
    if (fresh) entry->second = look_up(id, made[id]);
    return entry->second;
  };
  std::map<Key, TimePoint> seen;
  for (const Resource& resource : found) {
    const Row row = row_of(resource.tenant);
    if (row != Row::none && row != Row::finished) continue;
    const TimePoint now = world_.clock.now();  // its grace begins when it is known that it is nobody's
    const Key key{resource.kind, resource.name};
    const auto known = first_seen_.find(key);
    Orphan orphan{resource, known == first_seen_.end() ? now : known->second};
    const bool lost = row == Row::none && !resource.tenant.value().empty();
    orphan.held = lost && unknown == Unknown::hold;
    if (!dry_run) {
      if (known == first_seen_.end()) warn_of(orphan);
      const bool due = lost || now - orphan.first_seen >= settings_.orphan_grace;
      if (due && !orphan.held) orphan.removed = discard(resource);
      if (!orphan.removed) seen[key] = orphan.first_seen;
    }
    report.orphans.push_back(std::move(orphan));
  }
  if (!dry_run) first_seen_ = std::move(seen);

  const auto drifted = [&](const TenantId& id) {
    report.drifted.push_back(id);
    if (!dry_run) wake_(id);
  };
  for (const auto& [id, row] : rows) {
    if (row == Row::not_closed || row == Row::changed) drifted(id);
  }
  std::unordered_set<TenantId> up;  // what starts or stops is looked at when it falls due
  for (const Instance& instance : instances) {
    if (instance.state == InstanceState::created || instance.state == InstanceState::exited) continue;
    up.insert(instance.tenant);
    if (instance.state == InstanceState::running && row_of(instance.tenant) == Row::suspended) drifted(instance.tenant);
  }
  for (const Status status : running_statuses) {
    for_each_with(world_.store, status, [&](const TenantId& id) {
      if (up.contains(id)) return;
      const auto tenant = world_.store.find(id);
      if (tenant && should_run(*tenant)) drifted(id);
    });
  }
  return report;
}

void Sweeper::warn_of(const Orphan& orphan) const {
  log_.warn(orphan.held
                ? "found something of a tenant that is not in the ledger; it is kept: was the ledger restored from "
                  "a backup? See `slipway sweep --dry-run`"
                : "found an orphan; it will be removed after its grace",
            {{"kind", orphan.resource.kind},
             {"name", orphan.resource.name},
             {"tenant", orphan.resource.tenant.value()},
             {"grace", human(settings_.orphan_grace)}});
}

// A tenant that is to be provisioned anew needs what is about to be taken away: nobody may begin with that meanwhile.
// False where somebody has begun, or works on it.
bool Sweeper::hold(const TenantId& id) {
  const TimePoint now = world_.clock.now();
  const auto row = world_.store.claim(id, {owner_, now + lease_time}, now);
  if (!row) return !world_.store.find(id);  // nobody's
  if (is_finished(*row)) return true;
  let_go(id);
  return false;
}

void Sweeper::let_go(const TenantId& id) { world_.store.release(id, owner_); }

bool Sweeper::discard(const Resource& resource) {
  try {
    if (!hold(resource.tenant)) return false;
    try {
      is_database(resource) ? world_.database.discard(resource) : world_.runtime.discard(resource);
    } catch (const Error&) {
      let_go(resource.tenant);
      throw;
    }
    let_go(resource.tenant);
    log_.warn("removed an orphan",
              {{"kind", resource.kind}, {"name", resource.name}, {"tenant", resource.tenant.value()}});
    return true;
  } catch (const Error& error) {
    log_.error(fmt::format("remove orphan: {}", error.what()),
               {{"kind", resource.kind}, {"name", resource.name}, {"tenant", resource.tenant.value()}});
    return false;
  }
}

}  // namespace slipway
