#pragma once
#include <string>
#include <string_view>
#include <tuple>

#include "config/config.hpp"

namespace slipway::config {

// The objects whose members keys are: the parts of a Config, and the plan, volume or variable that is being read.
using Place =
    std::tuple<Config*, AppSpec*, Config::Access*, AccessSpec*, Config::Runtime*, Config::Docker*, net::Endpoint*,
               Config::Database*, Config::Mail*, Config::Smtp*, Config::Resend*, Config::Api*, api::CallLimits*,
               Config::Aws*, Config::Limits*, Config::Logging*, Plan*, VolumeSpec*, EnvTemplate*>;

Place place_in(Config& config);  // without a plan, a volume or a variable

// Makes the plan, volume or variable at `path` ("plans.*") with this name, for the keys below it. A plan begins as a
// copy of the default one. Throws Error(invalid), as the types in types.hpp, for a name that cannot be.
void enter(Place& place, std::string_view path, const std::string& name);

}  // namespace slipway::config
