#include "engine/turns.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "model/giving_up.hpp"

namespace slipway {
namespace {

constexpr int give_back_limit = 16;

Error changing_too_fast(const TenantId& id) {
  return Error(ErrorKind::unavailable, fmt::format("tenant {} is changing too fast for its turn to end", id.value()));
}

}  // namespace

std::optional<Tenant> Turns::claim(const TenantId& id) {
  const TimePoint now = world_.clock.now();
  return world_.store.claim(id, {owner_, now + lease_time}, now);
}

bool Turns::renew(const TenantId& id) {
  const TimePoint now = world_.clock.now();
  return world_.store.claim(id, {owner_, now + lease_time, true}, now).has_value();
}

std::optional<TimePoint> Turns::give_back(Tenant& tenant, const Reconciler::Outcome& outcome) {
  if (!outcome.lease_kept) return outcome.again;
  tenant.due_at = outcome.again;
  for (int i = 0; i < give_back_limit; ++i) {
    if (world_.store.save(tenant, {}, Holder{owner_, true})) return tenant.due_at;
    auto newest = claim(tenant.id);
    if (!newest) return std::nullopt;
    tenant = std::move(*newest);
    tenant.due_at = world_.clock.now();  // what was asked for meanwhile has not been looked at
  }
  throw changing_too_fast(tenant.id);
}

void Turns::give_up(const TenantId& id, const std::string& why) {
  const Trouble trouble{Trouble::Kind::permanent, why, ReasonCode::internal};
  for (int i = 0; i < give_back_limit; ++i) {
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
  throw changing_too_fast(id);
}

}  // namespace slipway
