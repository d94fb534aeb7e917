#pragma once
#include "config/config.hpp"

namespace CLI {
class App;
}

namespace slipway {

namespace cli {
struct Context;
}

// The environment of this process.
EnvLookup process_environment();

// The commands that work on this machine rather than over the API: serve, init, doctor, backup, database.
void add_own_commands(CLI::App& app, cli::Context& context);

}  // namespace slipway
