#include "drivers/database/postgres/open_databases.hpp"

#include <fmt/format.h>

namespace slipway::postgres {
namespace {

// Without an entry of its own a database has the default rights, which let PUBLIC connect.
constexpr const char* open_sql = R"(
SELECT datname FROM pg_database
WHERE datallowconn AND EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) a
                               WHERE a.grantee = 0 AND a.privilege_type = 'CONNECT')
ORDER BY datname)";

}  // namespace

std::vector<std::string> databases_open_to_public(Connection& connection, Deadline deadline) {
  std::vector<std::string> names;
  for (const auto& row : connection.run(open_sql, deadline)) names.push_back(row.at(0));
  return names;
}

std::string close_to_public_sql(const Connection& connection, const std::string& database) {
  return fmt::format("REVOKE CONNECT ON DATABASE {} FROM PUBLIC", connection.identifier(database));
}

}  // namespace slipway::postgres
