#pragma once
#include <functional>
#include <string>

#include "base/secret.hpp"
#include "drivers/runtime/docker/engine_client.hpp"

namespace slipway::deploy {

// Whether a container engine elsewhere can pull this reference: "registry.example.com/shop:1", not "shop:1".
bool names_a_registry(const std::string& reference);

// Tags the local `image` as "repository:tag" and lets Docker push it. Returns "repository@sha256:…", which names it for
// good. Errors: not_found where Docker has no such image; unavailable; internal with the registry's own words.
std::string push_from_docker(docker::EngineClient& engine, const std::string& image, const std::string& repository,
                             const Secret& basic, const std::function<void(const std::string&)>& progress);

}  // namespace slipway::deploy
