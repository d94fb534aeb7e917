#pragma once
#include "base/error.hpp"
#include "cli/context.hpp"

namespace CLI {
class App;
}

namespace slipway::cli {

// Adds the commands that are clients of a running server: provision, ls, show, events, logs, stats, suspend, resume,
// restart, retry, rm, mail, sweep, version. Each has --server, --config and --json. A command runs while the command
// line is parsed, sets `context.exit_code`, and throws Error where it cannot be done.
void add_client_commands(CLI::App& app, Context& context);

// Parses the command line, which runs the command; prints help to `context.out` and errors to `context.err`, and
// returns the program's exit code. Also for commands that others have added to `app`.
int run(CLI::App& app, int argc, const char* const* argv, Context& context);

// "slipway: " and the error's words, safe for a terminal.
void print_error(Context& context, const Error& error);

}  // namespace slipway::cli
