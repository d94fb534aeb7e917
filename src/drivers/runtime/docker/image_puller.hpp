#pragma once
#include <string>

#include "contracts/runtime.hpp"
#include "drivers/runtime/docker/engine_client.hpp"
#include "drivers/runtime/docker/options.hpp"

namespace slipway::docker {

// Has the engine fetch an image, with the login that Docker's own config file holds for its registry. Errors:
// not_found, forbidden and invalid (terminal), unavailable (the registry, or 120 s of silence), limited.
void pull_image(EngineClient& engine, const DockerOptions& options, const std::string& image, const Progress& progress);

}  // namespace slipway::docker
