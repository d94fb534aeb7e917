#include "drivers/database/postgres/removal.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway::postgres {
namespace {

constexpr int role_tries = 3;             // between them a neighbour may have made something new depend on it
constexpr Millis visits_timeout{20'000};  // of all databases in which something depends on a role
constexpr Millis visit_timeout{5'000};
constexpr std::size_t prepared_limit = 10'000;  // max_prepared_transactions is far below

constexpr std::string_view obstacles_sql = R"(
SELECT datistemplate, EXISTS (SELECT FROM pg_prepared_xacts WHERE database = datname)
FROM pg_database WHERE datname = {0})";

constexpr std::string_view prepared_sql =
    "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() LIMIT {}";

// Where something depends on the role; the empty name stands for what all databases share.
constexpr std::string_view dependents_sql = R"(
SELECT DISTINCT coalesce(d.datname, ''), coalesce(d.datallowconn, true)
FROM pg_shdepend s LEFT JOIN pg_database d ON d.oid = s.dbid
WHERE s.refclassid = 'pg_authid'::regclass AND s.refobjid = (SELECT oid FROM pg_roles WHERE rolname = {0}))";

// A transaction that has granted something to the role holds a lock on it for as long as it likes. Whoever comes after
// the holders that are ended waits behind us.
constexpr std::string_view drop_role_sql = R"(
DO $do$BEGIN
  PERFORM pg_terminate_backend(l.pid) FROM pg_locks l
  WHERE l.locktype = 'object' AND l.classid = 'pg_authid'::regclass AND l.pid <> pg_backend_pid()
    AND l.objid = (SELECT oid FROM pg_roles WHERE rolname = {1});
EXCEPTION WHEN insufficient_privilege THEN NULL;
END$do$;
DO $do$BEGIN
  SET LOCAL lock_timeout = '3s';
  DROP ROLE IF EXISTS {0};
EXCEPTION WHEN dependent_objects_still_exist OR lock_not_available THEN NULL;
END$do$;
SELECT FROM pg_roles WHERE rolname = {1})";

// What the owner of a database has set for it would hold for our session too: names that lead to functions of its own,
// another role, libraries that are missing, no time to work.
std::string safe_options(int version) {
  std::string options =
      "-c search_path= -c role=none -c local_preload_libraries= -c statement_timeout=5s -c lock_timeout=3s "
      "-c default_transaction_read_only=off -c default_transaction_isolation=read\\ committed";
  if (version >= 140000) options += " -c idle_session_timeout=0";
  if (version >= 170000) options += " -c transaction_timeout=0 -c event_triggers=off";
  return options;
}

// A session in a tenant's database, in which nothing of the tenant's is run.
std::unique_ptr<Connection> visit(const Connection& connection, const Target& inside, Deadline deadline) {
  const Deadline by = std::min(deadline, std::chrono::steady_clock::now() + visit_timeout);
  return std::make_unique<Connection>(inside, by, visit_timeout, safe_options(connection.version()));
}

std::string allow_connections_sql(const Connection& connection, const std::string& database, bool allow) {
  return fmt::format("ALTER DATABASE {} ALLOW_CONNECTIONS {}", connection.identifier(database), allow);
}

// In one database. Whatever goes wrong there is its owner's doing, or passes: the words say what it was.
std::string release(Connection& connection, const Target& target, const std::string& role, const std::string& database,
                    bool open, Deadline deadline) {
  std::string why;
  if (!open) connection.run(allow_connections_sql(connection, database, true), deadline);
  try {
    const Target inside = target.in(database);
    visit(connection, inside, deadline)->run("DROP OWNED BY " + connection.identifier(role), deadline);
  } catch (const Error& error) {
    why = fmt::format("in database {}: {}", database, error.message());
  }
  if (!open) connection.run(allow_connections_sql(connection, database, false), deadline);
  return why;
}

}  // namespace

void drop_database(Connection& connection, const Target& target, const std::string& name, Deadline deadline) {
  const Rows found = connection.run(fmt::format(obstacles_sql, connection.literal(name)), deadline);
  if (found.empty()) return;
  const std::string quoted = connection.identifier(name);
  if (found.at(0).at(0) == "t") connection.run(fmt::format("ALTER DATABASE {} IS_TEMPLATE false", quoted), deadline);
  if (found.at(0).at(1) == "t") {
    connection.run(allow_connections_sql(connection, name, true), deadline);
    const Target inside = target.in(name);
    const auto visitor = visit(connection, inside, deadline);
    for (const auto& row : visitor->run(fmt::format(prepared_sql, prepared_limit), deadline)) {
      visitor->run("ROLLBACK PREPARED " + visitor->literal(row.at(0)), deadline);
    }
  }
  connection.run(fmt::format("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted), deadline);
}

std::string drop_role(Connection& connection, const Target& target, const std::string& name, Deadline deadline) {
  const std::string quoted = connection.identifier(name);
  const std::string literal = connection.literal(name);
  const Deadline visits = std::min(deadline, std::chrono::steady_clock::now() + visits_timeout);
  std::string kept;
  for (int i = 0; i < role_tries; ++i) {
    kept.clear();
    for (const auto& row : connection.run(fmt::format(dependents_sql, literal), deadline)) {
      if (row.at(0).empty()) {
        connection.run("DROP OWNED BY " + quoted, deadline);
      } else if (const auto why = release(connection, target, name, row.at(0), row.at(1) == "t", visits);
                 !why.empty()) {
        kept += (kept.empty() ? "" : "; ") + why;
      }
    }
    if (connection.run(fmt::format(drop_role_sql, quoted, literal), deadline).empty()) return {};
  }
  connection.run(fmt::format("ALTER ROLE {} NOLOGIN CONNECTION LIMIT 0 PASSWORD NULL", quoted), deadline);
  return kept.empty() ? "somebody goes on granting it rights" : kept;
}

}  // namespace slipway::postgres
