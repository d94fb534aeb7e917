#pragma once
#include <functional>
#include <optional>
#include <string>

#include "engine/settings.hpp"
#include "engine/world.hpp"

namespace slipway {

// `apply`: a restart where what the instance was made from has changed since. `upgrade`: the app as slipway.yaml has it
// now, in place of the customer's own release.
enum class Action { suspend, resume, restart, apply, upgrade, retry, remove };

// What can be asked for: writes what is wanted into the ledger and wakes the engine. Nothing is done here.
class Tenants {
 public:
  Tenants(const World& world, const Settings& settings, std::function<void(const TenantId&)> wake)
      : world_(world), settings_(settings), wake_(std::move(wake)) {}

  // Durable when it returns. Throws invalid for a reserved subdomain, one that reads as an address, or an unknown
  // plan.
  // `audit` is written with a new tenant, its id as the target.
  SignUpResult sign_up(const SignUp& request, const std::optional<IdempotencyKey>& key, const std::string& body_hash,
                       std::optional<AuditEntry> audit = std::nullopt);

  // Throws not_found, or conflict where the tenant's state does not allow it. Asking for what is already so is success.
  Tenant change(const TenantId& id, Action action);

 private:
  World world_;
  const Settings& settings_;
  std::function<void(const TenantId&)> wake_;
};

}  // namespace slipway
