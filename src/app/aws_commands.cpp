#include "app/aws_commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "app/own_commands.hpp"
#include "cli/context.hpp"
#include "cli/print.hpp"
#include "cli/table.hpp"
#include "config/types.hpp"
#include "deploy/aws/key.hpp"
#include "deploy/aws/logs.hpp"
#include "deploy/aws/open_account.hpp"
#include "deploy/aws/removal.hpp"
#include "deploy/aws/settings.hpp"
#include "deploy/aws/status.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

// What every command has: the configuration, and the account that it names.
struct Aws {
  explicit Aws(cli::Context& context)
      : config(load_config(context.config_file, process_environment())),
        own(process_environment(), config.aws.region, context.clock, random),
        account(own.session()),
        report(context) {}

  deploy::Names names() const { return {config.aws.stack}; }

  Config config;
  SystemRandom random;
  deploy::OwnSession own;
  deploy::Account account;
  deploy::Report report;
};

CLI::App* add(CLI::App& app, const std::string& name, const std::string& what, const std::string& footer) {
  auto* command = app.add_subcommand(name, what);
  command->fallthrough()->footer(footer);
  return command;
}

void show_outputs(cli::Context& context, const deploy::Values& outputs) {
  if (context.json) {
    json::object shown;
    for (const auto& [name, value] : outputs) shown[name] = value;
    cli::print_json(context, shown);
    return;
  }
  const auto output = [&](const std::string& name) {
    const auto found = outputs.find(name);
    return found == outputs.end() ? std::string() : found->second;
  };
  cli::Facts facts;
  facts.add("API", output("ApiUrl"));
  facts.add("customers at", output("Address"));
  facts.add("image", output("AppImage"));
  facts.print(context.out, context.colours);
  context.out << fmt::format(
      "Make a key: slipway aws key \"my web site\"\n"
      "From then on: SLIPWAY_SERVER={} SLIPWAY_API_KEY=… slipway ls\n",
      output("ApiUrl"));
}

void add_deploy(CLI::App& to, cli::Context& context) {
  struct Options {
    deploy::DeployOptions deploy;
    AwsPrograms programs;
    std::string image;
  };
  auto o = std::make_shared<Options>();
  auto* command = add(to, "deploy", "Bring Slipway into your account, or up to date there",
                      "Example: slipway aws deploy --dry-run\n"
                      "Shows what CloudFormation would change and asks first. Run it again where it was interrupted.");
  command->add_flag("-y,--yes", o->deploy.yes, "do not ask");
  command->add_flag("--dry-run", o->deploy.dry_run, "show what would change, and change nothing");
  command->add_flag("--new-machine", o->deploy.new_machine,
                    "replace the machines by new ones with the newest Amazon Linux; customers are down meanwhile");
  command->add_option("--image", o->image, "what customers get, in place of app.image")->type_name("IMAGE");
  command
      ->add_option("--function", o->programs.function,
                   "the Lambda's program, for x86-64 or arm64; else the installed one")
      ->type_name("FILE");
  command->add_option("--init", o->programs.init, "the program slipway-init; else the installed one")
      ->type_name("FILE");
  command->callback([o, &context] {
    Aws aws(context);
    deploy::Wanted wanted = wanted_of(aws.config, o->programs);
    if (!o->image.empty()) wanted.app_image = o->image;
    aws.report.heading(fmt::format("account {}, region {}, stack {}", aws.account.id(), aws.account.session.region,
                                   aws.config.aws.stack));
    docker::EngineClient engine(aws.config.runtime.docker.engine);
    deploy::Deployment deployment(aws.account, engine, aws.random, aws.report, context.clock);
    const auto outputs = deployment.run(wanted, o->deploy);
    if (outputs) show_outputs(context, *outputs);
  });
}

void add_push(CLI::App& to, cli::Context& context) {
  auto image = std::make_shared<std::string>();
  auto* command = add(to, "push", "Put an image of the local Docker into your account's registry",
                      "Example: slipway aws push shop:1.5\n"
                      "Prints the name under which ECS finds it. `slipway aws deploy` pushes app.image by itself.");
  command->add_option("IMAGE", *image, "such as shop:1.5; else app.image")->type_name("");
  command->callback([image, &context] {
    Aws aws(context);
    docker::EngineClient engine(aws.config.runtime.docker.engine);
    deploy::Deployment deployment(aws.account, engine, aws.random, aws.report, context.clock);
    const std::string pushed = deployment.push(aws.names(), image->empty() ? aws.config.app.image : *image);
    if (context.json) {
      cli::print_json(context, json::object{{"image", pushed}});
    } else {
      context.out << pushed << "\n";
    }
  });
}

void add_status(CLI::App& to, cli::Context& context) {
  auto* command = add(to, "status", "Show how the Slipway in your account is", "Example: slipway aws status");
  command->callback([&context] {
    Aws aws(context);
    const json::object status = deploy::status_of(aws.account, aws.names(), context.clock);
    if (context.json) {
      cli::print_json(context, status);
      return;
    }
    cli::Facts facts;
    for (const auto& [name, value] : status) {
      std::string text = value.is_string() ? std::string(value.get_string()) : value.is_null() ? "not there" : "";
      if (const json::object* part = value.if_object()) {
        for (const auto& [key, inner] : *part) {
          text += fmt::format("{}{} {}", text.empty() ? "" : ", ", std::string(key),
                              inner.is_string() ? std::string(inner.get_string()) : json::serialize(inner));
        }
      }
      facts.add(std::string(name), text);
    }
    facts.print(context.out, context.colours);
  });
}

void add_logs(CLI::App& to, cli::Context& context) {
  struct Options {
    std::string what = "function";
    std::string since = "10m";
    bool follow = false;
  };
  auto o = std::make_shared<Options>();
  auto* command = add(to, "logs", "Show what the Lambda, the API, Postgres or the customers' apps wrote",
                      "Example: slipway aws logs -f tenants");
  command->add_option("WHAT", o->what, "function (by itself), api, database or tenants")
      ->check(CLI::IsMember({"function", "api", "database", "tenants"}))
      ->type_name("");
  command->add_option("--since", o->since, "how far back to begin (10m)")->type_name("DURATION");
  command->add_flag("-f,--follow", o->follow, "go on with what is written from now on");
  command->callback([o, &context] {
    Aws aws(context);
    const deploy::LogsOptions options{fmt::format("/slipway/{}/{}", aws.config.aws.stack, o->what),
                                      std::get<Millis>(config::duration().parse(o->since)), o->follow};
    const auto show = [&](TimePoint at, const std::string& stream, const std::string& line) {
      if (context.json) {
        cli::print_json(context, json::object{{"at", to_rfc3339(at)}, {"stream", stream}, {"line", line}});
      } else {
        context.out << cli::short_time(to_rfc3339(at)) << "  " << cli::safe(line) << "\n" << std::flush;
      }
    };
    deploy::read_logs(aws.account.logs, options, context.clock, context.stop, show);
  });
}

void add_key(CLI::App& to, cli::Context& context) {
  struct Options {
    std::string name;
    std::string scope = "admin";
  };
  auto o = std::make_shared<Options>();
  auto* command = add(to, "key", "Make an API key for the Slipway in your account; it is shown this once",
                      "Example: slipway aws key --scope signup \"our web site\"\n"
                      "For the first key: afterwards `slipway keys create` does the same through the API.");
  command->add_option("NAME", o->name, "what it is for, in your own words")->required()->type_name("");
  command->add_option("--scope", o->scope, "admin (by itself), signup or metrics")
      ->check(CLI::IsMember({"admin", "signup", "metrics"}))
      ->type_name("SCOPE");
  command->callback([o, &context] {
    Aws aws(context);
    const Secret key = make_key(aws.account, aws.names(), o->name, *parse_scope(o->scope), context.clock, aws.random);
    if (context.json) {
      cli::print_json(context, json::object{{"key", key.reveal()}, {"name", o->name}, {"scope", o->scope}});
    } else {
      context.out << key.reveal() << "\n";
      context.err << "It is shown this once: keep it where secrets are kept.\n";
    }
  });
}

void add_destroy(CLI::App& to, cli::Context& context) {
  auto o = std::make_shared<deploy::RemoveOptions>();
  auto* command = add(to, "destroy", "Take Slipway out of your account; the data stays by itself",
                      "Example: slipway aws destroy --dry-run\n"
                      "Says what is kept, what that is paid for, and how to remove it.");
  command->add_flag("-y,--yes", o->yes, "do not ask");
  command->add_flag("--dry-run", o->dry_run, "say what would go and what would stay");
  command->add_flag("--data", o->data, "also the ledger, the customers' databases, the secrets and the images");
  command->callback([o, &context] {
    Aws aws(context);
    if (!deploy::remove(aws.account, aws.names(), *o, aws.report, context.clock)) context.exit_code = 1;
  });
}

}  // namespace

void add_aws_commands(CLI::App& app, cli::Context& context) {
  auto* aws = app.add_subcommand("aws", "Run Slipway in an account of AWS");
  aws->fallthrough()->group("AWS")->require_subcommand(1);
  add_deploy(*aws, context);
  add_status(*aws, context);
  add_logs(*aws, context);
  add_push(*aws, context);
  add_key(*aws, context);
  add_destroy(*aws, context);
}

}  // namespace slipway
