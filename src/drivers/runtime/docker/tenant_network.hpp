#pragma once
#include <string>

#include "contracts/runtime.hpp"
#include "drivers/runtime/docker/engine_client.hpp"
#include "drivers/runtime/docker/options.hpp"

namespace slipway::docker {

std::string network_name(const DockerOptions& options, const InstallationId& installation);

// Finds or makes the bridge network on which the installation's tenants live: they reach the host and the world, but
// not each other. Throws conflict where a network of that name is not ours or not of that kind.
HostNetwork ensure_network(EngineClient& engine, const DockerOptions& options, const InstallationId& installation);

// "172.30.0.0/16" → "172.30.0.1". Throws invalid for what is no IPv4 network of /8 to /30 in its lowest address.
std::string first_host(const std::string& subnet);

}  // namespace slipway::docker
