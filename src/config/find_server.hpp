#pragma once
#include <string>

#include "config/config.hpp"

namespace slipway {

// SLIPWAY_CONFIG, else "slipway.yaml".
std::string find_config_file(const EnvLookup& env);

// The server that a client command talks to: `server` (of --server), else SLIPWAY_SERVER, else the local socket that
// the configuration names: `config_file` (of --config), else find_config_file().
// Throws Error(invalid) that says how to name one, if there is none of these.
net::Endpoint find_server(const std::string& server, const std::string& config_file, const EnvLookup& env);

}  // namespace slipway
