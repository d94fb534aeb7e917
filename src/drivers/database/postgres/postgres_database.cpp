#include "drivers/database/postgres/postgres_database.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "drivers/database/postgres/fences.hpp"
#include "drivers/database/postgres/open_databases.hpp"
#include "drivers/database/postgres/removal.hpp"
#include "drivers/database/postgres/sessions.hpp"

namespace slipway::postgres {
namespace {

constexpr int oldest_version = 130000;              // DROP DATABASE … WITH (FORCE)
constexpr int version_with_strategy = 150000;       // CREATE DATABASE … STRATEGY
constexpr std::size_t most_statements = 20;         // in one line of text
constexpr int version_with_grant_options = 160000;  // GRANT … WITH INHERIT TRUE, without which nothing is inherited

// Everything about one tenant's role and database, after a lock that keeps other workers and other processes of Slipway
// from the same tenant. The lock is the session's, since CREATE DATABASE cannot run inside a transaction. Role and
// database bear the same name, {0}.
constexpr std::string_view lock_and_inspect_sql = R"(
SELECT pg_advisory_lock(hashtextextended({0}, 0));
SELECT r.oid IS NOT NULL, r.rolsuper, r.rolcreatedb, r.rolcreaterole, r.rolreplication, r.rolbypassrls,
       r.oid IS NOT NULL AND pg_has_role(current_user, r.oid, 'USAGE'),
       d.oid IS NOT NULL, pg_get_userbyid(d.datdba), d.datallowconn, d.datconnlimit = -2,
       d.datacl IS NULL OR EXISTS (SELECT FROM aclexplode(d.datacl) a WHERE a.grantee = 0)
FROM (SELECT {0}::name AS name) wanted
LEFT JOIN pg_roles r ON r.rolname = wanted.name
LEFT JOIN pg_database d ON d.datname = wanted.name)";

constexpr std::string_view unlock_sql = "SELECT pg_advisory_unlock(hashtextextended({0}, 0))";

constexpr std::string_view resources_sql = R"(
SELECT 'database', datname FROM pg_database WHERE starts_with(datname::text, {0})
UNION ALL
SELECT 'role', rolname FROM pg_roles WHERE starts_with(rolname::text, {0}))";

constexpr std::string_view check_sql = R"(
SELECT current_user, rolsuper OR (rolcreatedb AND rolcreaterole), pg_is_in_recovery(), current_setting('server_version'),
       promised.connections, available.connections, promised.connections > available.connections
FROM pg_roles,
     (SELECT coalesce(sum(rolconnlimit), 0) AS connections FROM pg_roles WHERE rolcanlogin AND rolconnlimit > 0) promised,
     (SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
             AS connections) available
WHERE rolname = current_user)";

// Whoever is not a superuser must be a member of a role to make, change and drop a database of that role's.
std::string grant_sql(const Connection& connection, const std::string& quoted_role) {
  const bool has_options = connection.version() >= version_with_grant_options;
  return fmt::format("GRANT {} TO CURRENT_USER{};", quoted_role, has_options ? " WITH INHERIT TRUE, SET TRUE" : "");
}

// What keeps tenants' roles out of the databases that are nobody's of theirs; empty where they are.
std::string what_is_open(Connection& connection, Deadline deadline) {
  const auto names = databases_open_to_public(connection, deadline);
  if (names.empty()) return {};
  std::string statements;
  for (std::size_t i = 0; i < std::min(names.size(), most_statements); ++i) {
    statements += (i == 0 ? "" : "; ") + close_to_public_sql(connection, names[i]);
  }
  if (names.size() > most_statements) statements += fmt::format("; and {} more", names.size() - most_statements);
  return fmt::format("; tenants' roles may connect to {} of its databases, since PUBLIC may; close {} ({})",
                     names.size(), names.size() == 1 ? "it" : "them", statements);
}

}  // namespace

struct PostgresDatabase::State {
  bool role = false;
  std::string excess_rights;  // attributes that a tenant's role must not have but has: " NOSUPERUSER …"
  bool member = false;        // we may act for the role
  bool database = false;
  std::string owner;
  bool open = false;     // accepts connections
  bool invalid = false;  // a DROP DATABASE was interrupted: it can only be dropped again
  bool public_rights = false;
};

PostgresDatabase::PostgresDatabase(const PostgresOptions& options, InstallationId installation, Secret master_key,
                                   std::uint32_t key_generation)
    : PostgresDatabase(options, std::move(installation),
                       [key = std::move(master_key), key_generation](const TenantId& tenant) {
                         return tenant_password(key, tenant, key_generation);
                       }) {}

PostgresDatabase::PostgresDatabase(const PostgresOptions& options, InstallationId installation, Passwords passwords)
    : tenant_host_(options.tenant_host),
      tenant_port_(options.tenant_port),
      call_timeout_(options.call_timeout),
      installation_(std::move(installation)),
      passwords_(std::move(passwords)),
      pool_(Target(options.admin), {options.connections, options.connect_timeout, options.call_timeout / 2}) {}

DatabaseAccess PostgresDatabase::access(const TenantId& tenant) const {
  const std::string name = resource_name(installation_, tenant);
  return {tenant_host_(), tenant_port_, name, name, passwords_(tenant)};
}

void PostgresDatabase::ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) {
  const DatabaseAccess wanted = access(tenant);
  const std::string& name = wanted.name;
  call("make database " + name, [&](Connection& connection, Deadline deadline) {
    State state = lock_and_inspect(connection, name, deadline);
    if (state.database && state.owner != name) {
      throw Error(ErrorKind::conflict, fmt::format("a database of this name is there and belongs to role {}, not to "
                                                   "the tenant; rename or drop it",
                                                   state.owner));
    }
    if (missing == IfMissing::refuse && (!state.database || state.invalid)) {
      throw Error(ErrorKind::not_found,
                  fmt::format("the database has vanished from the server, and no empty one is put in its place; "
                              "restore it, or make an empty one: {1}CREATE DATABASE {0} OWNER {0}",
                              name, state.role ? "" : fmt::format("CREATE ROLE {}; ", name)));
    }
    if (state.invalid) {
      connection.run("DROP DATABASE IF EXISTS " + connection.identifier(name), deadline);
      state.database = state.open = false;
      state.public_rights = true;
    }
    if (!state.role || !state.member) create_role(connection, name, state, deadline);
    const Secret verifier = state.database ? connection.verifier(name, wanted.password)
                                           : create_database(connection, name, wanted, deadline);
    settle(connection, name, state, plan, verifier, deadline);
  });
}

PostgresDatabase::State PostgresDatabase::lock_and_inspect(Connection& connection, const std::string& name,
                                                           Deadline deadline) const {
  const Rows rows = connection.run(fmt::format(lock_and_inspect_sql, connection.literal(name)), deadline);
  const auto& row = rows.at(0);
  const auto yes = [&](std::size_t column) { return row.at(column) == "t"; };
  State state;
  state.role = yes(0);
  const std::string_view attributes[] = {"SUPERUSER", "CREATEDB", "CREATEROLE", "REPLICATION", "BYPASSRLS"};
  for (std::size_t i = 0; i < std::size(attributes); ++i) {
    if (yes(1 + i)) state.excess_rights += fmt::format(" NO{}", attributes[i]);
  }
  state.member = yes(6);
  state.database = yes(7);
  state.owner = row.at(8);
  state.open = yes(9);
  state.invalid = yes(10);
  state.public_rights = yes(11);
  return state;
}

// A new role has no password yet, so nobody can log in as it. It need not be on disk by itself: CREATE DATABASE, which
// follows, puts all that was written before it there.
void PostgresDatabase::create_role(Connection& connection, const std::string& name, const State& state,
                                   Deadline deadline) const {
  const std::string role = connection.identifier(name);
  std::string sql = "BEGIN; SET LOCAL synchronous_commit = off;";
  if (!state.role) sql += fmt::format("CREATE ROLE {} LOGIN CONNECTION LIMIT 0;", role);
  if (!connection.superuser()) sql += grant_sql(connection, role);
  connection.run(sql + "COMMIT", deadline);
}

Secret PostgresDatabase::create_database(Connection& connection, const std::string& name, const DatabaseAccess& access,
                                         Deadline deadline) const {
  const std::string quoted = connection.identifier(name);
  // Closed at first: PUBLIC may connect to a new database until that is revoked.
  std::string sql = fmt::format("CREATE DATABASE {0} OWNER {0} TEMPLATE template0 ENCODING 'UTF8'", quoted);
  sql += " ALLOW_CONNECTIONS false";
  if (connection.version() >= version_with_strategy) sql += " STRATEGY wal_log";
  connection.start(sql, deadline);
  Secret verifier = connection.verifier(name, access.password);
  connection.finish(deadline);
  return verifier;
}

// What the plan and the key say, in one transaction; then the lock is given up.
void PostgresDatabase::settle(Connection& connection, const std::string& name, const State& state, const Plan& plan,
                              const Secret& verifier, Deadline deadline) const {
  const std::string quoted = connection.identifier(name);
  std::string sql = "BEGIN;";
  // INHERIT, although it is a member of nothing: the owner of a database has its rights in the schema "public" as an
  // implicit member of pg_database_owner.
  sql += fmt::format("ALTER ROLE {} LOGIN INHERIT{} CONNECTION LIMIT {} PASSWORD {};", quoted, state.excess_rights,
                     plan.db_connections, connection.literal(verifier.reveal()));
  sql += fmt::format("ALTER ROLE {} SET statement_timeout = {};", quoted, plan.db_statement_timeout.count());
  sql += fence_sql(connection, name);
  if (state.public_rights) sql += fmt::format("REVOKE ALL ON DATABASE {} FROM PUBLIC;", quoted);
  if (!state.open) sql += fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS true;", quoted);
  sql += "COMMIT;";
  connection.run(sql + fmt::format(unlock_sql, connection.literal(name)), deadline);
}

CallResult PostgresDatabase::close(const TenantId& tenant) {
  const std::string name = resource_name(installation_, tenant);
  call("close database " + name, [&](Connection& connection, Deadline deadline) {
    const State state = lock_and_inspect(connection, name, deadline);
    const std::string quoted = connection.identifier(name);
    if (state.role && !state.member) connection.run(grant_sql(connection, quoted), deadline);
    if (state.role) connection.run(fmt::format("ALTER ROLE {} NOLOGIN", quoted), deadline);
    if (state.role) end_sessions(connection, name, deadline);
    connection.run(fmt::format(unlock_sql, connection.literal(name)), deadline);
  });
  return CallResult::done;
}

CallResult PostgresDatabase::drop(const TenantId& tenant) {
  remove(resource_name(installation_, tenant), true);  // a role that is left is the sweep's: see `discard`
  return CallResult::done;
}

// What keeps the role, in words; empty where it is gone.
std::string PostgresDatabase::remove(const std::string& name, bool role) {
  std::string kept;
  call("drop database " + name, [&](Connection& connection, Deadline deadline) {
    const State state = lock_and_inspect(connection, name, deadline);
    const std::string quoted = connection.identifier(name);
    if (state.role && !state.member) connection.run(grant_sql(connection, quoted), deadline);
    if (state.database) drop_database(connection, pool_.target(), name, deadline);
    if (role && state.role) kept = drop_role(connection, pool_.target(), name, deadline);
    connection.run(fmt::format(unlock_sql, connection.literal(name)), deadline);
  });
  return kept;
}

void PostgresDatabase::renew() {
  call("renew the settings of tenants' roles", [&](Connection& connection, Deadline deadline) {
    for (const std::string& name : names_without_fences(connection, resource_prefix(installation_), deadline)) {
      if (tenant_of_resource(installation_, name).value().empty()) continue;
      const State state = lock_and_inspect(connection, name, deadline);
      const bool whole = state.role && state.database && !state.invalid;
      if (whole && !state.member) connection.run(grant_sql(connection, connection.identifier(name)), deadline);
      if (whole) connection.run(fmt::format("BEGIN; {} COMMIT", fence_sql(connection, name)), deadline);
      connection.run(fmt::format(unlock_sql, connection.literal(name)), deadline);
    }
  });
}

std::vector<Resource> PostgresDatabase::resources() {
  std::vector<Resource> found;
  call("list databases", [&](Connection& connection, Deadline deadline) {
    found.clear();
    const std::string prefix = connection.literal(resource_prefix(installation_));
    for (const auto& row : connection.run(fmt::format(resources_sql, prefix), deadline)) {
      TenantId tenant = tenant_of_resource(installation_, row.at(1));
      if (!tenant.value().empty()) found.push_back({row.at(0), row.at(1), std::move(tenant)});
    }
  });
  return found;
}

// A role cannot go before the database that it owns, so to discard the role is to discard both.
void PostgresDatabase::discard(const Resource& resource) {
  const bool ours = !tenant_of_resource(installation_, resource.name).value().empty();
  if (!ours || (resource.kind != "database" && resource.kind != "role")) {
    throw Error(ErrorKind::invalid, fmt::format("Postgres: {} {} was not made by this installation and is left alone",
                                                resource.kind, resource.name));
  }
  if (const std::string kept = remove(resource.name, resource.kind == "role"); !kept.empty()) {
    throw Error(ErrorKind::conflict,
                fmt::format("Postgres: role {} may not log in any more, but something depends on it "
                            "({}); the next sweep tries again",
                            resource.name, kept));
  }
}

std::string PostgresDatabase::check() {
  std::string found;
  call("check the database server", [&](Connection& connection, Deadline deadline) {
    const Rows rows = connection.run(std::string(check_sql), deadline);
    const auto& row = rows.at(0);
    const std::string& full = row.at(3);  // "15.8 (Debian 15.8-0+deb12u1)"
    found = "PostgreSQL " + full.substr(0, full.find(' '));
    const std::string& place = pool_.target().place();
    if (connection.version() < oldest_version) {
      throw Error(ErrorKind::invalid, fmt::format("{} at {} is too old; Slipway needs 13 or newer", found, place));
    }
    if (row.at(1) != "t") {
      throw Error(ErrorKind::forbidden,
                  fmt::format("{} at {}: role {} may not make roles and databases; run ALTER ROLE "
                              "{} CREATEDB CREATEROLE as its superuser",
                              found, place, row.at(0), connection.identifier(row.at(0))));
    }
    if (row.at(2) == "t") {
      throw Error(ErrorKind::unavailable,
                  fmt::format("{} at {} is a read-only standby; connect to the primary", found, place));
    }
    if (const std::string missing = missing_fences(connection, deadline); !missing.empty()) {
      found += fmt::format(
          "; role {} may not keep tenants from changing {}: a tenant can fill the server's disk (GRANT "
          "SET ON PARAMETER, docs/security.md)",
          row.at(0), missing);
    }
    if (row.at(6) == "t") {
      found += fmt::format(
          "; its roles are promised {} connections, and it takes {}: once those are in use an app is refused, a new "
          "one fails to boot (raise max_connections or lower plans.*.database.connections, docs/operating/capacity.md)",
          row.at(4), row.at(5));
    }
    found += what_is_open(connection, deadline);
  });
  return found;
}

void PostgresDatabase::call(std::string_view doing, const std::function<void(Connection&, Deadline)>& work) {
  const Deadline deadline = std::chrono::steady_clock::now() + call_timeout_;
  with_context(doing, [&] { pool_.use(deadline, [&](Connection& connection) { work(connection, deadline); }); });
}

}  // namespace slipway::postgres
