#pragma once
#include "config/config.hpp"

namespace slipway {

// Runs Slipway until SIGTERM or SIGINT: drains requests, lets workers finish their step, and leaves tenants and the
// private Postgres running. Call it before any other thread exists: it blocks the signals for all threads. Throws where
// it cannot start, with what to do.
void serve(const Config& config);

}  // namespace slipway
