#pragma once
#include <string>

#include "drivers/database/postgres/connection.hpp"

namespace slipway::postgres {

// Ends the sessions of a role that may not log in any more, in whichever database they are. Throws unavailable where
// they go on.
void end_sessions(Connection& connection, const std::string& role, Deadline deadline);

}  // namespace slipway::postgres
