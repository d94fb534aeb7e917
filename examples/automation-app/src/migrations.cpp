#include <algorithm>

#include "database.hpp"

namespace automation {

namespace {

// Number 1 is the first. A migration that was ever released is never edited: the next one corrects it.
const std::vector<std::string> kMigrations = {
    "CREATE TABLE jobs ("
    "  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    "  name text NOT NULL UNIQUE,"
    "  every_seconds integer NOT NULL CHECK (every_seconds > 0),"
    "  action text NOT NULL CHECK (action IN ('note', 'http-get')),"
    "  target text NOT NULL,"
    "  next_run_at timestamptz NOT NULL DEFAULT now(),"
    "  created_at timestamptz NOT NULL DEFAULT now());"
    "CREATE TABLE runs ("
    "  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    "  job_id bigint NOT NULL REFERENCES jobs ON DELETE CASCADE,"
    "  at timestamptz NOT NULL DEFAULT now(),"
    "  took_ms integer NOT NULL,"
    "  ok boolean NOT NULL,"
    "  outcome text NOT NULL)",

    "CREATE INDEX runs_of_a_job ON runs (job_id, id DESC);"
    "CREATE INDEX jobs_by_next_run ON jobs (next_run_at)",
};

constexpr const char* kLedger =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "  version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())";

std::vector<std::string> split(const std::string& statements) {
  std::vector<std::string> out;
  std::size_t from = 0;
  while (from <= statements.size()) {
    const std::size_t end = std::min(statements.find(';', from), statements.size());
    out.push_back(statements.substr(from, end - from));
    from = end + 1;
  }
  return out;
}

// 0 for a database that was never migrated.
long long schema_version(Database& database) {
  try {
    return database.run("SELECT coalesce(max(version), 0) FROM schema_migrations").number(0, 0);
  } catch (const DatabaseError& error) {
    constexpr const char* kUndefinedTable = "42P01";
    if (error.sqlstate != kUndefinedTable) throw;
    return 0;
  }
}

}  // namespace

void migrate(Database& database) {
  // An old instance may still be stopping while its successor starts: the lock lets one of them migrate.
  const std::string lock = "SELECT pg_advisory_xact_lock(7302141)";
  const auto newest = static_cast<long long>(kMigrations.size());
  for (;;) {
    const long long version = schema_version(database);
    if (version > newest) {
      throw std::runtime_error("the database's schema has version " + std::to_string(version) +
                               ", newer than this program's " + std::to_string(newest) +
                               "; start a newer version of the app");
    }
    if (version == newest) return;
    std::vector<std::string> statements = {
        lock, kLedger, "INSERT INTO schema_migrations (version) VALUES (" + std::to_string(version + 1) + ")"};
    for (std::string& statement : split(kMigrations[static_cast<std::size_t>(version)])) {
      statements.push_back(std::move(statement));
    }
    try {
      database.run_all(statements);
    } catch (const DatabaseError& error) {
      constexpr const char* kUniqueViolation = "23505";  // the other instance was first with this version
      if (error.sqlstate != kUniqueViolation) throw;
    }
  }
}

}  // namespace automation
