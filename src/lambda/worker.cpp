#include "lambda/worker.hpp"

#include "base/error.hpp"
#include "model/giving_up.hpp"

namespace slipway::lambda {
namespace {

constexpr Millis while_another_works{5'000};
constexpr int save_retry_limit = 16;

}  // namespace

void Worker::work(const Work& work) {
  const TimePoint now = world_.clock.now();
  if (work.due) {
    const auto row = world_.store.find(work.tenant);
    if (!row || !row->due_at || *row->due_at > now) return;
  }
  auto tenant = world_.store.claim(work.tenant, {owner_, now + lease_time}, now);
  if (!tenant) {
    // Another works on it and may have read the row before what happened now; or it is gone.
    const auto row = world_.store.find(work.tenant);
    if (row && row->due_at) send(work, while_another_works);
    return;
  }
  const auto outcome = reconciler_.reconcile(*tenant, owner_);
  if (const auto again = give_back(*tenant, outcome)) send({work.tenant, again});
}

// The lease goes back and the ledger knows when to look again, so that a lost message costs a minute and nothing else.
std::optional<TimePoint> Worker::give_back(Tenant& tenant, const Reconciler::Outcome& outcome) {
  if (!outcome.lease_kept) return outcome.again;
  tenant.due_at = outcome.again;
  for (int i = 0; i < save_retry_limit; ++i) {
    if (world_.store.save(tenant, {}, Holder{owner_, true})) return tenant.due_at;
    const TimePoint now = world_.clock.now();
    auto newest = world_.store.claim(tenant.id, {owner_, now + lease_time}, now);
    if (!newest) return std::nullopt;
    tenant = std::move(*newest);
    tenant.due_at = now;
  }
  throw Error(ErrorKind::unavailable,
              fmt::format("tenant {} is changing too fast for its lease to be given back", tenant.id.value()));
}

void Worker::give_up(const TenantId& id, const std::string& why) {
  const Trouble trouble{Trouble::Kind::permanent, why, ReasonCode::internal};
  for (int i = 0; i < save_retry_limit; ++i) {
    auto tenant = world_.store.find(id);
    if (!tenant || tenant->status == Status::unknown) return;
    const TimePoint now = world_.clock.now();
    write_down(*tenant, trouble, gives_up(*tenant, trouble, policy_));
    tenant->updated_at = tenant->due_at.emplace(now);
    if (world_.store.save(*tenant, {{0, now, "error", "", why, std::nullopt}}, {})) {
      log_.error(why, {{"tenant", id.value()}});
      return;
    }
  }
  throw Error(ErrorKind::unavailable, fmt::format("tenant {} is changing too fast", id.value()));
}

void Worker::note(const TenantId& id, const std::string& message) {
  world_.store.append(id, {0, world_.clock.now(), "error", "", message, std::nullopt});
}

void Worker::send(const Work& work, Millis wait) const {
  try {
    queue_.send(work, wait);
  } catch (const Error& error) {
    log_.warn("no message for later could be left; the clock's next event finds the tenant",
              {{"tenant", work.tenant.value()}, {"why", error.what()}});
  }
}

}  // namespace slipway::lambda
