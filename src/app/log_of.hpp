#pragma once
#include "app/config.hpp"
#include "base/log.hpp"

namespace slipway {

// The log as configured; by itself it is human on a terminal and JSON elsewhere.
Log log_of(const Config& config);

}  // namespace slipway
