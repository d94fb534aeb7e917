#include "drivers/database/postgres/fences.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway::postgres {
namespace {

constexpr int version_with_parameter_rights = 150000;  // GRANT SET ON PARAMETER

struct Fence {
  std::string_view kind;  // of what it is set: ROLE, DATABASE
  std::string_view setting;
  std::string_view value;
};

// The server's log is everybody's disk. RAISE LOG, debug_print_plan and a FATAL's context, which holds a statement of
// any length, would fill it. The database's own setting is for autovacuum's workers, which run the functions of a
// tenant's indexes and know no role of its.
constexpr Fence fences[] = {
    {"ROLE", "log_min_messages", "panic"},
    {"DATABASE", "log_min_messages", "panic"},
    // Temporary files of one session: sorts, hashes, and what no table shows.
    {"ROLE", "temp_file_limit", "512MB"},
};

constexpr std::string_view without_fences_sql = R"(
SELECT r.rolname FROM pg_roles r JOIN pg_database d ON d.datname = r.rolname
LEFT JOIN pg_db_role_setting of_role ON of_role.setrole = r.oid AND of_role.setdatabase = 0
LEFT JOIN pg_db_role_setting of_database ON of_database.setrole = 0 AND of_database.setdatabase = d.oid
WHERE starts_with(r.rolname::text, {0})
  AND NOT (coalesce(of_role.setconfig, '{{}}') @> ARRAY[{1}] AND coalesce(of_database.setconfig, '{{}}') @> ARRAY[{2}]))";

std::string statement(const Connection& connection, const Fence& fence, const std::string& name) {
  return fmt::format("ALTER {} {} SET {} = '{}';", fence.kind, connection.identifier(name), fence.setting, fence.value);
}

}  // namespace

std::string fence_sql(const Connection& connection, const std::string& name) {
  std::string sql;
  for (const Fence& fence : fences) {
    const std::string wanted = statement(connection, fence, name);
    sql += connection.superuser() ? wanted
                                  : fmt::format(
                                        "DO $do$BEGIN {} EXCEPTION WHEN insufficient_privilege THEN NULL; "
                                        "END$do$;",
                                        wanted);
  }
  return sql;
}

std::vector<std::string> names_without_fences(Connection& connection, const std::string& prefix, Deadline deadline) {
  const auto wanted = [](std::string_view kind) {
    std::vector<std::string> settings;
    for (const Fence& fence : fences) {
      if (fence.kind == kind) settings.push_back(fmt::format("'{}={}'", fence.setting, fence.value));
    }
    return fmt::format("{}", fmt::join(settings, ","));
  };
  std::vector<std::string> names;
  for (const auto& row : connection.run(
           fmt::format(without_fences_sql, connection.literal(prefix), wanted("ROLE"), wanted("DATABASE")), deadline)) {
    names.push_back(row.at(0));
  }
  return names;
}

std::string missing_fences(Connection& connection, Deadline deadline) {
  if (connection.superuser()) return {};
  std::string missing;
  for (const Fence& fence : fences) {
    if (missing.find(fence.setting) != std::string::npos) continue;
    const Rows may = connection.run(connection.version() >= version_with_parameter_rights
                                        ? fmt::format("SELECT has_parameter_privilege('{}', 'SET')", fence.setting)
                                        : "SELECT false",
                                    deadline);
    if (may.at(0).at(0) != "t") missing += (missing.empty() ? "" : ", ") + std::string(fence.setting);
  }
  return missing;
}

}  // namespace slipway::postgres
