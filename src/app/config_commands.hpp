#pragma once

namespace CLI {
class App;
}

namespace slipway {

namespace cli {
struct Context;
}

// `slipway config`: check and show what slipway.yaml says, and print the schema of such files.
void add_config_commands(CLI::App& app, cli::Context& context);

}  // namespace slipway
