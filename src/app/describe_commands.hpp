#pragma once

namespace CLI {
class App;
}

namespace slipway {

namespace cli {
struct Context;
}

// The commands that describe the command line itself: completion, and the hidden man. They tell what `app` has when
// they run.
void add_describe_commands(CLI::App& app, cli::Context& context);

}  // namespace slipway
