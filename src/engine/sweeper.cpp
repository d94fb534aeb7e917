#include "engine/sweeper.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "base/error.hpp"

namespace slipway {
namespace {

constexpr std::size_t page_size = 1'000;

// The little of a row that a sweep must know.
struct Expectation {
  bool finished = false;  // nothing of it may be in the world any more
  bool running = false;
};

std::unordered_map<TenantId, Expectation> expectations(Store& store) {
  std::unordered_map<TenantId, Expectation> all;
  TenantFilter filter;
  filter.limit = page_size;
  while (true) {
    const auto page = store.list(filter);
    for (const Tenant& t : page) {
      const bool finished = t.status == Status::deleted || t.status == Status::failed;
      all[t.id] = {finished, t.desired == Desired::running && t.started && t.failure.empty()};
    }
    if (page.size() < page_size) return all;
    filter.after = page.back().id.value();
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
  const auto instances = world_.runtime.instances();
  const auto expected = expectations(world_.store);
  const TimePoint now = world_.clock.now();
  SweepReport report;

  std::map<Key, TimePoint> seen;
  for (const Resource& resource : found) {
    const auto tenant = expected.find(resource.tenant);
    if (tenant != expected.end() && !tenant->second.finished) continue;
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

  std::unordered_map<TenantId, InstanceState> states;
  for (const Instance& instance : instances) states[instance.tenant] = instance.state;
  for (const auto& [id, expectation] : expected) {
    if (!expectation.running) continue;
    const auto state = states.find(id);
    const bool up = state != states.end() && state->second != InstanceState::created &&
                    state->second != InstanceState::exited;  // what starts or stops is looked at when it falls due
    if (up) continue;
    report.drifted.push_back(id);
    if (!dry_run) wake_(id);
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
