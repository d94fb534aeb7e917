#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/secret.hpp"
#include "contracts/resource.hpp"
#include "model/app.hpp"

namespace slipway {

// How a tenant reaches its database.
struct DatabaseAccess {
  std::string host;  // as the instance sees it; empty while that is not known
  std::uint16_t port = 5432;
  std::string name;
  std::string user;
  Secret password;
};

// The password of a tenant's role: it follows from the master key, so it is stored nowhere.
Secret tenant_password(const Secret& master_key, const TenantId& tenant, std::uint32_t key_generation);

// `under_way`: it goes on by itself; ask again to learn how it went.
enum class CallResult { done, under_way };

// What `ensure` does where the tenant has no database.
enum class IfMissing { make, refuse };

// One role and one database for each tenant. Every call is idempotent and blocks with a deadline.
// Errors: unavailable (cannot connect, too many connections), forbidden (missing rights), not_found (as `ensure` says),
// internal.
class Database {
 public:
  virtual ~Database() = default;

  // Pure: the access that `ensure` makes true. The password follows from the master key and the tenant's id.
  virtual DatabaseAccess access(const TenantId& tenant) const = 0;

  // The role (SCRAM, the plan's connection limit and statement timeout) and the database it owns, with CONNECT revoked
  // from PUBLIC. Also opens what was closed and mends what differs: a changed plan, a changed key, a password that the
  // role gave itself. Throws not_found where a database is missing that must not be replaced by an empty one.
  virtual void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing = IfMissing::make) = 0;

  // The role may not log in any more, and its sessions have been ended; database and data stay. Not there is success.
  virtual CallResult close(const TenantId& tenant) = 0;

  // Ends the tenant's connections, drops database and role. Not there is success.
  virtual CallResult drop(const TenantId& tenant) = 0;

  // Brings what every tenant's role and database shall have up to this version. For each start: those that were made by
  // an older one differ. A driver to which that does not apply does nothing.
  virtual void renew() {}

  virtual std::vector<Resource> resources() = 0;
  virtual void discard(const Resource& resource) = 0;

  // Throws an Error that says what is wrong and what to do; returns e.g. "PostgreSQL 15.8". What works but should be
  // mended follows after "; ".
  virtual std::string check() = 0;
};

}  // namespace slipway
