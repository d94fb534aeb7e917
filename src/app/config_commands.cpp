#include "app/config_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <ostream>

#include "app/own_commands.hpp"
#include "cli/context.hpp"
#include "cli/text.hpp"

namespace slipway {
namespace {

void add_check(CLI::App& config, cli::Context& context) {
  auto* check = config.add_subcommand("check", "Say everything that is wrong with it, and start nothing");
  check->footer("Example: slipway config check --config /etc/slipway/slipway.yaml\nEnds with 2 where it is wrong.");
  check->fallthrough()->callback([&context] {
    const Config loaded = load_config(context.config_file, process_environment());
    if (context.json) {
      context.out << boost::json::serialize(boost::json::object{{"file", loaded.file.string()}}) << "\n";
    } else {
      context.out << fmt::format("{}: well\n", cli::safe(loaded.file.string()));
    }
  });
}

}  // namespace

void add_config_commands(CLI::App& app, cli::Context& context) {
  auto* config = app.add_subcommand("config", "Check and show what slipway.yaml says");
  config->fallthrough()->group("This machine")->require_subcommand(1);
  add_check(*config, context);
}

}  // namespace slipway
