#pragma once
#include <string>

#include "drivers/database/postgres/connection.hpp"

namespace slipway::postgres {

// Settings of a tenant's role and database that keep it from harming those who share the server, and that only a
// superuser may set: the tenant can neither change nor reset them. An admin who is no superuser sets those that it may,
// which the server decides (PostgreSQL 15: GRANT SET ON PARAMETER).

// Statements for inside a transaction, ended by a semicolon. Role and database both bear `name`.
std::string fence_sql(const Connection& connection, const std::string& name);

// Of the roles whose name begins so, and that have a database, those that lack some of them.
std::vector<std::string> names_without_fences(Connection& connection, const std::string& prefix, Deadline deadline);

// The settings that this session's user may not make, "log_min_messages, …"; nothing where it may make all of them.
std::string missing_fences(Connection& connection, Deadline deadline);

}  // namespace slipway::postgres
