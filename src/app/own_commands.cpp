#include "app/own_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>

#include "app/assemble.hpp"
#include "app/doctor.hpp"
#include "app/log_of.hpp"
#include "app/serve.hpp"
#include "base/error.hpp"
#include "cli/context.hpp"
#include "config/init_template.hpp"
#include "drivers/database/postgres/managed_server.hpp"
#include "drivers/store/sqlite/backup.hpp"

namespace slipway {
namespace {

Config load(const cli::Context& context) { return load_config(context.config_file, process_environment()); }

// A command that takes the options of the program, --config and --json, also after its name.
CLI::App* add(CLI::App& app, const std::string& name, const std::string& what) {
  return app.add_subcommand(name, what)->fallthrough()->group("This machine");
}

// A managed server as this configuration has it, also where no Slipway runs.
std::unique_ptr<postgres::ManagedServer> managed_server(const Config& config) {
  if (!config.database.url.empty()) {
    throw Error(ErrorKind::invalid, "database.url names a server of yours; Slipway runs none");
  }
  const DataDir data(config.data_dir);
  if (!std::filesystem::exists(data.ledger())) {
    throw Error(ErrorKind::not_found, fmt::format("there is no Slipway in {} yet", config.data_dir.string()));
  }
  SystemRandom random;
  return make_managed_server(config, data, {}, data.master_key(random), log_of(config));
}

void add_serve(CLI::App& app, cli::Context& context) {
  auto* serve_command = add(app, "serve", "Run Slipway: the API, the engine, the private Postgres");
  serve_command->footer(
      "Example: slipway serve --config /etc/slipway/slipway.yaml\n"
      "SIGTERM stops it; tenants and the private Postgres keep running.");
  serve_command->callback([&context] { serve(load(context)); });
}

void add_init(CLI::App& app, cli::Context& context) {
  struct Wanted {
    std::string image, name, output = "slipway.yaml";
    std::optional<std::uint16_t> port;
    bool force = false;
  };
  auto wanted = std::make_shared<Wanted>();
  auto* init = add(app, "init", "Write a commented slipway.yaml for an image");
  init->add_option("image", wanted->image, "The container image, such as shop:1.4")->required();
  init->add_option("--name", wanted->name, "What your product is called; by itself after the image");
  init->add_option("--port", wanted->port, "The port on which the app listens");
  init->add_option("--output", wanted->output, "Where to write")->type_name("FILE")->capture_default_str();
  init->add_flag("--force", wanted->force, "Overwrite a file that is there");
  init->footer("Example: slipway init shop:1.4 --name Shop --port 3000");
  init->callback([wanted, &context] {
    const std::string text = init_template(wanted->image, wanted->name, wanted->port);
    write_init_file(wanted->output, text, wanted->force);
    if (context.json) {
      fmt::print("{}\n", boost::json::serialize(boost::json::object{{"file", wanted->output}}));
    } else {
      fmt::print("Wrote {}. Look through it, then run `slipway serve`.\n", wanted->output);
    }
  });
}

void add_doctor(CLI::App& app, cli::Context& context) {
  auto* doctor = add(app, "doctor", "Check Docker, Postgres, ports, DNS, disk and mail, each with its fix");
  doctor->footer("Example: slipway doctor\nEnds with 1 where something is broken.");
  doctor->callback([&context] {
    const auto findings = examine(load(context));
    fmt::print("{}", context.json ? to_json_text(findings) : to_text(findings));
    const bool broken =
        std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.verdict == Verdict::failure; });
    context.exit_code = broken ? 1 : 0;
  });
}

void add_backup(CLI::App& app, cli::Context& context) {
  auto file = std::make_shared<std::string>();
  auto* backup = add(app, "backup", "Copy the ledger to a file, also while Slipway runs");
  backup->add_option("file", *file, "Where to write the copy")->required();
  backup->footer(
      "Example: slipway backup /backup/ledger.db\nKeep a copy of master.key beside it: one is useless without the "
      "other.");
  backup->callback([file, &context] {
    const Config config = load(context);
    sqlite::backup_ledger(DataDir(config.data_dir).ledger().string(), *file);
    if (context.json) {
      fmt::print("{}\n", boost::json::serialize(boost::json::object{{"file", *file}}));
    } else {
      fmt::print("Wrote {}.\n", *file);
    }
  });
}

void add_database(CLI::App& app, cli::Context& context) {
  auto* database = add(app, "database", "The private Postgres");
  database->require_subcommand(1);
  auto* stop =
      database->add_subcommand("stop", "Stop it; every tenant loses its database until `serve` starts it again");
  stop->callback([&context] {
    managed_server(load(context))->stop();
    if (!context.json) fmt::print("The private Postgres is stopped.\n");
  });
}

}  // namespace

EnvLookup process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

void add_own_commands(CLI::App& app, cli::Context& context) {
  add_serve(app, context);
  add_init(app, context);
  add_doctor(app, context);
  add_backup(app, context);
  add_database(app, context);
}

}  // namespace slipway
