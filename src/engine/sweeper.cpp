#include "engine/sweeper.hpp"

#include <fmt/format.h>

#include <array>
#include <unordered_map>
#include <unordered_set>

#include "base/error.hpp"

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

std::vector<Resource> Sweeper::resources() const {
  auto all = world_.runtime.resources();
  auto databases = world_.database.resources();
  std::move(databases.begin(), databases.end(), std::back_inserter(all));
  return all;
}

SweepReport Sweeper::sweep(bool dry_run) {
  std::lock_guard lock(mutex_);
  // First the world, then the ledger: a row is written before anything is made for it.
  const auto found = resources();
  std::unordered_set<TenantId> running;
  for (const Instance& instance : world_.runtime.instances()) {
    if (instance.state == InstanceState::running) running.insert(instance.tenant);
  }
  const TimePoint now = world_.clock.now();
  SweepReport report;

  // A tenant has several resources, and its row is looked at once.
  std::unordered_map<TenantId, bool> accounted_for;
  const auto is_accounted_for = [&](const TenantId& id) {
    const auto [entry, fresh] = accounted_for.try_emplace(id, false);
    if (fresh) {
      const auto tenant = world_.store.find(id);
      entry->second = tenant && !is_finished(*tenant);
    }
    return entry->second;
  };
  std::map<Key, TimePoint> seen;
  for (const Resource& resource : found) {
    if (is_accounted_for(resource.tenant)) continue;
    const Key key{resource.kind, resource.name};
    const auto known = first_seen_.find(key);
    Orphan orphan{resource, known == first_seen_.end() ? now : known->second, false};
    if (!dry_run) {
      if (known == first_seen_.end()) {
        log_.warn("found an orphan; it will be removed after its grace", {{"kind", resource.kind},
                                                                          {"name", resource.name},
                                                                          {"tenant", resource.tenant.value()},
                                                                          {"grace", human(settings_.orphan_grace)}});
      }
      if (now - orphan.first_seen >= settings_.orphan_grace) orphan.removed = discard(resource);
      if (!orphan.removed) seen[key] = orphan.first_seen;
    }
    report.orphans.push_back(std::move(orphan));
  }
  if (!dry_run) first_seen_ = std::move(seen);

  for (const Status status : running_statuses) {
    for_each_with(world_.store, status, [&](const TenantId& id) {
      if (running.contains(id)) return;
      const auto tenant = world_.store.find(id);
      if (!tenant || !should_run(*tenant)) return;
      report.drifted.push_back(id);
      if (!dry_run) wake_(id);
    });
  }
  return report;
}

bool Sweeper::discard(const Resource& resource) {
  try {
    is_database(resource) ? world_.database.discard(resource) : world_.runtime.discard(resource);
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
