#pragma once
#include <string>

#include "app/config.hpp"

namespace CLI {
class App;
}

namespace slipway {

// What the commands of this machine share. The callbacks that CLI11 runs read it, so it outlives the parse.
struct OwnOptions {
  std::string config_file = "slipway.yaml";
  bool json = false;
  int exit_code = 0;  // of the command that ran
};

// The environment of this process.
EnvLookup process_environment();

// The commands that work on this machine rather than over the API: serve, init, doctor, backup, database.
void add_own_commands(CLI::App& app, OwnOptions& options);

}  // namespace slipway
