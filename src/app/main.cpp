// The command line: parses, calls, and turns errors into words and exit codes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "app/own_commands.hpp"
#include "app/version.hpp"
#include "base/error.hpp"

int main(int argc, char** argv) {
  using namespace slipway;
  CLI::App app{
      "Slipway turns a container image into a SaaS with one instance, one database and one URL per customer.\n"
      "Begin with `slipway init IMAGE`, then `slipway serve`.",
      "slipway"};
  OwnOptions options;
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version));
  app.add_option("--config", options.config_file, "The configuration file")
      ->envname("SLIPWAY_CONFIG")
      ->capture_default_str();
  app.add_flag("--json", options.json, "Print JSON");
  app.fallthrough();
  add_own_commands(app, options);
  try {
    app.parse(argc, argv);
    return options.exit_code;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const Error& error) {
    fmt::print(stderr, "slipway: {}\n", error.what());
    return 1;
  }
}
