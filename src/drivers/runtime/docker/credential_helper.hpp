#pragma once
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "drivers/runtime/docker/registry_auth.hpp"

namespace slipway::docker {

// Runs `docker-credential-<name> get` (found in PATH, no shell) with the server's address on its standard input.
// Nothing where it knows no login. Throws unavailable where it cannot be run, fails or takes longer than `timeout`.
std::optional<RegistryLogin> ask_credential_helper(const std::string& name, const std::string& server, Millis timeout);

}  // namespace slipway::docker
