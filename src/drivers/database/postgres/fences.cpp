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
};

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
