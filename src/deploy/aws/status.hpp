#pragma once
#include <boost/json.hpp>
#include <string>

#include "deploy/aws/account.hpp"

namespace slipway::deploy {

// How a deployed Slipway is: its stacks, its machines, what waits, what was given up, whether its API answers. Each
// part that could not be asked says why in its own place ("error").
boost::json::object status_of(Account& account, const Names& names, const Clock& clock);

}  // namespace slipway::deploy
