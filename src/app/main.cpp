// Puts the commands together: those of this machine and those that are clients of a server.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>

#include "app/aws_commands.hpp"
#include "app/config_commands.hpp"
#include "app/describe_commands.hpp"
#include "app/own_commands.hpp"
#include "app/version.hpp"
#include "base/error.hpp"
#include "cli/commands.hpp"
#include "cli/context.hpp"
#include "cli/text.hpp"
#include "config/find_server.hpp"
#include "config/secret.hpp"
#include "drivers/runtime/process/supervisor.hpp"

namespace slipway {
namespace {

// SLIPWAY_API_KEY, which may be file:PATH. Never an argument: every user of the machine can read those.
Secret api_key(const EnvLookup& env) {
  const auto text = env("SLIPWAY_API_KEY");
  if (!text || text->empty()) return {};
  try {
    return Secret(config::secret_from(*text, std::filesystem::current_path()));
  } catch (const Error& e) {
    throw Error(e.kind(), fmt::format("SLIPWAY_API_KEY: {}", e.message()));
  }
}

int run(int argc, char** argv) {
  const EnvLookup env = process_environment();
  const SystemClock clock;
  cli::Context context{
      std::cin, std::cout, std::cerr, clock, std::string(version), [&env](const cli::ServerChoice& choice) {
        return find_server(choice.server, choice.config_file, env);
      }};
  context.in_is_terminal = isatty(STDIN_FILENO) == 1;
  context.out_is_terminal = isatty(STDOUT_FILENO) == 1;
  context.colours = cli::wants_colours(context.out_is_terminal, env("NO_COLOR"), env("TERM"));
  context.api_key = [&env] { return api_key(env); };
  context.config_file = find_config_file(env);

  CLI::App app{
      "Slipway turns a container image into a SaaS with one instance, one database and one URL for each customer.\n"
      "Begin with `slipway init IMAGE`, then `slipway serve`.",
      "slipway"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version));
  app.add_option("--config", context.config_file, "the configuration file; else SLIPWAY_CONFIG, else ./slipway.yaml")
      ->type_name("FILE");
  app.add_flag("--json", context.json, "print JSON");
  add_own_commands(app, context);
  add_config_commands(app, context);
  cli::add_client_commands(app, context);
  add_aws_commands(app, context);
  add_describe_commands(app, context);
  return cli::run(app, argc, argv, context);
}

}  // namespace
}  // namespace slipway

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  // What ProcessRuntime makes of this program; nobody types it.
  if (!words.empty() && words[0] == "supervise") return slipway::process::supervise({words.begin() + 1, words.end()});
  return slipway::run(argc, argv);
}
