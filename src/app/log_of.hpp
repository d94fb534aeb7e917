#pragma once
#include "base/log.hpp"
#include "config/config.hpp"

namespace slipway {

// The log as configured; by itself it is human on a terminal and JSON elsewhere.
Log log_of(const Config& config, std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>());

}  // namespace slipway
