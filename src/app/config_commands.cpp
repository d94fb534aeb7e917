#include "app/config_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <ostream>

#include "app/own_commands.hpp"
#include "cli/context.hpp"
#include "cli/table.hpp"
#include "cli/text.hpp"
#include "config/reference.hpp"
#include "config/schema.hpp"
#include "config/show.hpp"

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
      context.out << fmt::format("{}: OK\n", cli::safe(loaded.file.string()));
    }
  });
}

void add_show(CLI::App& config, cli::Context& context) {
  auto* show = config.add_subcommand("show", "Show what is in force and where each value comes from");
  show->footer("Example: slipway config show\nSecrets, and what an app's environment is given, are masked.");
  show->fallthrough()->callback([&context] {
    const auto shown = effective_config(context.config_file, process_environment());
    boost::json::array keys;
    cli::Table table({"KEY", "FROM", "VALUE"});
    for (const ShownKey& key : shown) {
      keys.push_back(boost::json::object{{"key", key.key}, {"value", key.value}, {"from", key.from}});
      const auto colour = key.from == "default" ? cli::Colour::dim : cli::Colour::none;
      table.add({{key.key}, {key.from, colour}, {key.value}});
    }
    if (context.json) {
      context.out << boost::json::serialize(keys) << "\n";
    } else {
      table.print(context.out, context.colours);
    }
  });
}

void add_schema(CLI::App& config, cli::Context& context) {
  auto* schema = config.add_subcommand("schema", "Print a JSON Schema of slipway.yaml, for editors and checkers");
  schema->footer("Example: slipway config schema > slipway.schema.json");
  schema->callback([&context] { context.out << boost::json::serialize(config_schema()) << "\n"; });
}

void add_reference(CLI::App& config, cli::Context& context) {
  auto* reference = config.add_subcommand("reference", "Print what every key means, as a page in Markdown");
  reference->footer("Example: slipway config reference | less");
  reference->callback([&context] { context.out << config_reference(); });
}

}  // namespace

void add_config_commands(CLI::App& app, cli::Context& context) {
  auto* config = app.add_subcommand("config", "Check and show what slipway.yaml says");
  config->fallthrough()->group("This machine")->require_subcommand(1);
  add_check(*config, context);
  add_show(*config, context);
  add_schema(*config, context);
  add_reference(*config, context);
}

}  // namespace slipway
