#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "contracts/database.hpp"
#include "drivers/database/postgres/connection_pool.hpp"

namespace slipway::postgres {

struct PostgresOptions {
  Secret admin;  // URL or "keyword=value …"; a superuser, or a role with CREATEDB and CREATEROLE
  std::function<std::string()> tenant_host;  // the server, as instances reach it; empty while that is not known
  std::uint16_t tenant_port = 5432;
  std::size_t connections = 4;  // of ours, at most
  Millis connect_timeout{10'000};
  Millis call_timeout{60'000};  // for one call of the contract, all in all
};

// Tenants' roles and databases on one Postgres server (13 or newer). Both bear the tenant's resource name, which is the
// label: what has another name is never touched. See README.md for what it promises and what it does not.
class PostgresDatabase : public Database {
 public:
  // Connects to nothing yet. Throws Error(invalid) for a connection string that cannot be read. Passwords follow from
  // `master_key`, the tenant and `key_generation`; after a change of either, `ensure` puts the new one in place.
  PostgresDatabase(const PostgresOptions& options, InstallationId installation, Secret master_key,
                   std::uint32_t key_generation);
  // The same with passwords that come from elsewhere.
  using Passwords = std::function<Secret(const TenantId&)>;
  PostgresDatabase(const PostgresOptions& options, InstallationId installation, Passwords passwords);

  DatabaseAccess access(const TenantId& tenant) const override;
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing = IfMissing::make) override;
  CallResult close(const TenantId& tenant) override;
  CallResult drop(const TenantId& tenant) override;
  void renew() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override;

 private:
  struct State;

  void call(std::string_view doing, const std::function<void(Connection&, Deadline)>& work);
  State lock_and_inspect(Connection& connection, const std::string& name, Deadline deadline) const;
  void create_role(Connection& connection, const std::string& name, const State& state, Deadline deadline) const;
  Secret create_database(Connection& connection, const std::string& name, const DatabaseAccess& access,
                         Deadline deadline) const;
  void settle(Connection& connection, const std::string& name, const State& state, const Plan& plan,
              const Secret& verifier, Deadline deadline) const;
  std::string remove(const std::string& name, bool role);

  const std::function<std::string()> tenant_host_;
  const std::uint16_t tenant_port_;
  const Millis call_timeout_;
  const InstallationId installation_;
  const Passwords passwords_;
  ConnectionPool pool_;
};

}  // namespace slipway::postgres
