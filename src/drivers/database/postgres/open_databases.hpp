#pragma once
#include <string>
#include <vector>

#include "drivers/database/postgres/connection.hpp"

namespace slipway::postgres {

// The databases of the server that PUBLIC may connect to, and so every tenant's role; by name. A server's own
// (postgres, template1) are open until somebody closes them, and so is each that is made without a REVOKE.
std::vector<std::string> databases_open_to_public(Connection& connection, Deadline deadline);

// The statement that closes it. Its owner and superusers still reach it; any other role needs a GRANT of its own then.
std::string close_to_public_sql(const Connection& connection, const std::string& database);

}  // namespace slipway::postgres
