#pragma once
#include <string>

#include "drivers/database/postgres/connection.hpp"

namespace slipway::postgres {

// Ends whatever keeps a tenant's database from being dropped, and drops it. The tenant is its owner, so it may have
// made it a template, or have left prepared transactions in it.
void drop_database(Connection& connection, const Target& target, const std::string& name, Deadline deadline);

// Drops a role that owns no database. Any tenant may make something of its own depend on another's role (GRANT … TO,
// CREATE POLICY … TO; names of roles are no secret), so in every database where something does, what the role owns is
// dropped and what it was granted is revoked, but nothing of others'. Where that does not suffice the role is left, and
// nobody can log in as it; what keeps it is returned, in words. Empty: it is gone.
std::string drop_role(Connection& connection, const Target& target, const std::string& name, Deadline deadline);

}  // namespace slipway::postgres
