#pragma once
#include "config/config.hpp"
#include "engine/settings.hpp"

namespace slipway {

// What the engine must know of the configuration. Reads the templates that override Slipway's own. `address` is the
// machine's public one, as configured or found.
Settings settings_of(const Config& config, const std::string& address);

}  // namespace slipway
