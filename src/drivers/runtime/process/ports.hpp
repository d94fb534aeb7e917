#pragma once
#include "model/names.hpp"

namespace slipway::process {

// True where nobody listens on the port, on any address of this machine.
bool is_free(Port port);

// A port that is free now.
Port choose_port();

}  // namespace slipway::process
