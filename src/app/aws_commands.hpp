#pragma once

namespace CLI {
class App;
}

namespace slipway {

namespace cli {
struct Context;
}

// `slipway aws`: bring Slipway into an account of AWS, look at it there, and take it away again.
void add_aws_commands(CLI::App& app, cli::Context& context);

}  // namespace slipway
