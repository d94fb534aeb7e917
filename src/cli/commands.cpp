#include "cli/commands.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <ostream>

#include "base/text.hpp"
#include "cli/access.hpp"
#include "cli/api_client.hpp"
#include "cli/exit_code.hpp"
#include "cli/provision.hpp"
#include "cli/repeat.hpp"
#include "cli/service.hpp"
#include "cli/tenants.hpp"
#include "cli/text.hpp"
#include "cli/transfer.hpp"
#include "cli/watch.hpp"

namespace slipway::cli {
namespace {

constexpr const char* tenant_help = "its subdomain, or its id (t_…)";

// Without a description of its own: the help texts say what is usual, and a mistake is told with the limits.
CLI::Validator between(unsigned least, unsigned most) { return CLI::Range(least, most).description(""); }

// What every command of a client has; lives as long as the command line's description.
struct Common {
  ServerChoice choice;
  bool json = false;
  std::string tenant;
};
using Run = std::function<int(ApiClient& api, const Common& common)>;

std::shared_ptr<Common> describe(CLI::App& command, const std::string& example) {
  auto common = std::make_shared<Common>();
  const std::string group = "Server";
  command.add_option("--server", common->choice.server, "its URL; else SLIPWAY_SERVER, else the socket of --config")
      ->type_name("URL")
      ->group(group);
  command.add_option("--config", common->choice.config_file, "else SLIPWAY_CONFIG, else ./slipway.yaml")
      ->type_name("FILE")
      ->group(group);
  command.add_flag("--json", common->json, "print what the API answers")->group(group);
  command.get_formatter()->column_width(34);
  command.footer("Example:\n  " + example);
  return common;
}

void complete(Common& common, const Context& context) {
  if (common.choice.config_file.empty()) common.choice.config_file = context.config_file;
  common.json = common.json || context.json;
}

// Makes `run` what the command does: find the server, then talk to it.
void runs(CLI::App& command, Context& context, std::shared_ptr<Common> common, Run run) {
  command.callback([&context, common = std::move(common), run = std::move(run)] {
    complete(*common, context);
    ApiClient api(context.find_server(common->choice), context.api_key());
    context.exit_code = run(api, *common);
  });
}

CLI::App& add(CLI::App& app, const std::string& name, const std::string& what, const std::string& group) {
  return *app.add_subcommand(name, what)->group(group);
}

void takes_tenant(CLI::App& command, Common& common) {
  command.add_option("TENANT", common.tenant, tenant_help)->required()->type_name("");
}

std::shared_ptr<bool> takes_watch(CLI::App& command) {
  auto watch = std::make_shared<bool>(false);
  command.add_flag("-w,--watch", *watch, "show it anew whenever it changes, until interrupted");
  return watch;
}

int once_or_watched(Context& context, bool watch, const std::function<int(Context&)>& once) {
  return watch ? repeat(context, once) : once(context);
}

void add_provision(CLI::App& app, Context& context) {
  CLI::App& command =
      add(app, "provision", "Sign a customer up and watch their instance come up, as POST /provision does", "Tenants");
  const auto common = describe(
      command, "slipway provision --email ann@example.com --subdomain acme --company \"Acme Ltd\" --plan large");
  auto o = std::make_shared<ProvisionOptions>();
  command.add_option("--email", o->email, "of the customer's administrator, who gets the welcome mail")
      ->required()
      ->type_name("ADDRESS");
  command.add_option("--subdomain", o->subdomain, "under which the instance will answer")
      ->required()
      ->type_name("LABEL");
  command.add_option("--company", o->company, "the customer's name, as it is shown")->required()->type_name("NAME");
  command.add_option("--user-id", o->user_id, "your own id of the customer; the same one is never provisioned twice")
      ->type_name("ID");
  command.add_option("--plan", o->plan, "one of the configured plans")->type_name("NAME");
  command.add_option("--metadata", o->metadata, "may be given up to 16 times")
      ->type_name("KEY=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  command
      .add_option("--idempotency-key", o->idempotency_key,
                  "the same key gives the same tenant, however often it is sent")
      ->type_name("KEY");
  auto* wait = command.add_option("--wait", o->wait_seconds, "seconds to wait for the instance (120)")
                   ->type_name("SECONDS")
                   ->check(between(1u, 86'400u));
  command.add_flag("--no-wait", o->no_wait, "return as soon as the sign-up is durable")->excludes(wait);
  runs(command, context, common, [&context, o](ApiClient& api, const Common& c) {
    o->json = c.json;
    return provision(context, api, *o);
  });
}

void add_reading(CLI::App& app, Context& context) {
  CLI::App& ls = add(app, "ls", "List the tenants", "Tenants");
  const auto of_ls = describe(ls, "slipway ls --status failed");
  auto o = std::make_shared<ListOptions>();
  ls.add_option("--status", o->status, "only those that are active, failed, suspended, …")->type_name("STATUS");
  ls.add_option("--search", o->search, "only those with this in subdomain, company, e-mail address or user id")
      ->type_name("TEXT");
  ls.add_option("--limit", o->limit, "at most so many (1000)")->type_name("N")->check(between(1u, 1'000'000u));
  auto watch_list = takes_watch(ls);
  runs(ls, context, of_ls, [&context, o, watch_list](ApiClient& api, const Common& c) {
    o->json = c.json;
    return once_or_watched(context, *watch_list, [&](Context& to) { return list_tenants(to, api, *o); });
  });

  CLI::App& show = add(app, "show", "Show all that is known of a tenant", "Tenants");
  const auto of_show = describe(show, "slipway show acme");
  takes_tenant(show, *of_show);
  auto watch_one = takes_watch(show);
  runs(show, context, of_show, [&context, watch_one](ApiClient& api, const Common& c) {
    return once_or_watched(context, *watch_one, [&](Context& to) { return show_tenant(to, api, c.tenant, c.json); });
  });
}

void add_watching(CLI::App& app, Context& context) {
  CLI::App& events = add(app, "events", "Show what happened to a tenant, step by step", "Tenants");
  const auto of_events = describe(events, "slipway events -f acme");
  takes_tenant(events, *of_events);
  auto e = std::make_shared<EventsOptions>();
  events.add_flag("-f,--follow", e->follow, "go on with what happens from now on; with --json one line an event");
  events.add_option("--limit", e->limit, "at most so many of the newest (100)")
      ->type_name("N")
      ->check(between(1u, 1'000u));
  runs(events, context, of_events, [&context, e](ApiClient& api, const Common& c) {
    e->json = c.json;
    return show_events(context, api, c.tenant, *e);
  });

  CLI::App& logs = add(app, "logs", "Show what a tenant's app printed", "Tenants");
  const auto of_logs = describe(logs, "slipway logs -f --tail 20 acme");
  takes_tenant(logs, *of_logs);
  auto l = std::make_shared<LogsOptions>();
  logs.add_flag("-f,--follow", l->follow, "go on with what it prints from now on");
  logs.add_option("--tail", l->tail, "begin with so many of the last lines (100)")
      ->type_name("N")
      ->check(between(0u, 100'000u));
  runs(logs, context, of_logs, [&context, l](ApiClient& api, const Common& c) {
    l->json = c.json;
    return show_logs(context, api, c.tenant, *l);
  });

  CLI::App& stats = add(app, "stats", "Show what a tenant's instance uses now", "Tenants");
  const auto of_stats = describe(stats, "slipway stats acme");
  takes_tenant(stats, *of_stats);
  runs(stats, context, of_stats,
       [&context](ApiClient& api, const Common& c) { return show_stats(context, api, c.tenant, c.json); });
}

void add_changing(CLI::App& app, Context& context) {
  struct Verb {
    std::string name;
    std::string what;
  };
  const std::vector<Verb> verbs = {{"suspend", "Stop a tenant's instance and keep its data"},
                                   {"resume", "Start a suspended tenant's instance again"},
                                   {"restart", "Stop and start a tenant's instance"},
                                   {"upgrade", "Move a tenant to the app as slipway.yaml has it now"},
                                   {"retry", "Try a failed provisioning again"}};
  for (const Verb& verb : verbs) {
    CLI::App& command = add(app, verb.name, verb.what, "Tenants");
    const auto common = describe(command, fmt::format("slipway {} acme", verb.name));
    takes_tenant(command, *common);
    runs(command, context, common, [&context, name = verb.name](ApiClient& api, const Common& c) {
      return change_tenant(context, api, c.tenant, name, c.json);
    });
  }

  CLI::App& apply =
      add(app, "apply", "Restart a tenant whose settings have changed since its instance was made", "Tenants");
  const auto of_apply = describe(apply, "slipway apply --all");
  auto* one = apply.add_option("TENANT", of_apply->tenant, tenant_help)->type_name("");
  auto all = std::make_shared<bool>(false);
  auto* flag = apply.add_flag("--all", *all, "all of them, one after the other, until one does not come back");
  flag->excludes(one);
  auto patience = std::make_shared<unsigned>(120);
  apply.add_option("--timeout", *patience, "seconds that each may take with --all (120)")
      ->type_name("SECONDS")
      ->check(between(1u, 86'400u))
      ->needs(flag);
  runs(apply, context, of_apply, [&context, all, patience](ApiClient& api, const Common& c) {
    if (*all) return apply_all(context, api, *patience, c.json);
    if (c.tenant.empty()) throw Error(ErrorKind::invalid, "apply needs a TENANT, or --all");
    return change_tenant(context, api, c.tenant, "apply", c.json);
  });

  CLI::App& rm = add(app, "rm", "Delete a tenant with its database, volumes and URL", "Tenants");
  const auto common = describe(rm, "slipway rm --yes --wait acme");
  takes_tenant(rm, *common);
  auto o = std::make_shared<RemoveOptions>();
  rm.add_flag("-y,--yes", o->yes, "do not ask");
  auto* wait = rm.add_flag("--wait", o->wait, "until it is gone");
  rm.add_option("--timeout", o->timeout_seconds, "seconds that --wait waits (120)")
      ->type_name("SECONDS")
      ->check(between(1u, 86'400u))
      ->needs(wait);
  runs(rm, context, common, [&context, o](ApiClient& api, const Common& c) {
    o->json = c.json;
    return remove_tenant(context, api, c.tenant, *o);
  });
}

void add_transfer(CLI::App& app, Context& context) {
  CLI::App& out = add(app, "export", "Print what each tenant signed up with, as JSON lines", "Tenants");
  const auto of_export = describe(out, "slipway export > tenants.jsonl");
  runs(out, context, of_export, [&context](ApiClient& api, const Common&) { return export_tenants(context, api); });

  CLI::App& in =
      add(app, "import", "Sign up the tenants of an export; those that are there stay as they are", "Tenants");
  const auto of_import = describe(in, "slipway import tenants.jsonl");
  auto file = std::make_shared<std::string>();
  in.add_option("file", *file, "JSON lines; - is the standard input")->required()->type_name("");
  runs(in, context, of_import,
       [&context, file](ApiClient& api, const Common& c) { return import_tenants(context, api, *file, c.json); });
}

void add_service(CLI::App& app, Context& context) {
  CLI::App& status = add(app, "status", "Show tenants by status, how long sign-ups took and what is owed", "Service");
  const auto of_status = describe(status, "slipway status");
  runs(status, context, of_status,
       [&context](ApiClient& api, const Common& c) { return show_service_status(context, api, c.json); });

  CLI::App& mail =
      add(app, "mail", "List the mails to customers and whether they went out, the newest customers' first", "Service");
  const auto of_mail = describe(mail, "slipway mail --limit 20");
  auto limit = std::make_shared<std::size_t>(100);
  mail.add_option("--limit", *limit, "at most so many (100)")->type_name("N")->check(between(1u, 1'000'000u));
  runs(mail, context, of_mail,
       [&context, limit](ApiClient& api, const Common& c) { return show_mail(context, api, *limit, c.json); });

  CLI::App& sweep_command =
      add(app, "sweep", "Find what bears Slipway's label but belongs to no tenant, and remove what is old enough",
          "Service");
  const auto of_sweep = describe(sweep_command, "slipway sweep --dry-run");
  auto dry_run = std::make_shared<bool>(false);
  sweep_command.add_flag("--dry-run", *dry_run, "only show it");
  auto unknown = std::make_shared<bool>(false);
  sweep_command.add_flag("--unknown", *unknown,
                         "also remove, at once, what belongs to tenants that the ledger does not know");
  runs(sweep_command, context, of_sweep, [&context, dry_run, unknown](ApiClient& api, const Common& c) {
    return sweep(context, api, *dry_run, *unknown, c.json);
  });

  CLI::App& version = add(app, "version", "Show the version of this program and of the server", "Service");
  const auto of_version = describe(version, "slipway version");
  version.callback([&context, of_version] {
    complete(*of_version, context);
    context.exit_code = show_version(context, of_version->choice, of_version->json);
  });
}

void add_access(CLI::App& app, Context& context) {
  CLI::App& keys = add(app, "keys", "Make, list and revoke API keys", "Service");
  keys.require_subcommand(1);
  keys.footer("Example:\n  slipway keys create --scope signup \"our web site\"");

  CLI::App& create = *keys.add_subcommand("create", "Make a key and show it, this once");
  const auto of_create = describe(create, "slipway keys create --scope signup \"our web site\"");
  auto name = std::make_shared<std::string>();
  auto scope = std::make_shared<std::string>("signup");
  create.add_option("NAME", *name, "what it is for, in your own words")->required()->type_name("");
  create.add_option("--scope", *scope, "signup (sign up only), metrics (read /metrics) or admin (signup)")
      ->type_name("SCOPE");
  runs(create, context, of_create, [&context, name, scope](ApiClient& api, const Common& c) {
    return create_key(context, api, *name, *scope, c.json);
  });

  CLI::App& list = *keys.add_subcommand("ls", "List the keys, without the keys themselves");
  const auto of_list = describe(list, "slipway keys ls");
  runs(list, context, of_list, [&context](ApiClient& api, const Common& c) { return list_keys(context, api, c.json); });

  CLI::App& revoke = *keys.add_subcommand("revoke", "Make a key worthless, at once");
  const auto of_revoke = describe(revoke, "slipway keys revoke k_01jdd2x8k40a1b2c3d4e");
  auto id = std::make_shared<std::string>();
  revoke.add_option("KEY", *id, "its id (k_…)")->required()->type_name("");
  runs(revoke, context, of_revoke,
       [&context, id](ApiClient& api, const Common& c) { return revoke_key(context, api, *id, c.json); });

  CLI::App& audit = add(app, "audit", "Show who asked for what, from where", "Service");
  const auto of_audit = describe(audit, "slipway audit --of acme");
  auto of = std::make_shared<std::string>();
  auto limit = std::make_shared<std::size_t>(100);
  audit.add_option("--of", *of, "only what was done to this tenant, or to this key (k_…)")->type_name("TENANT");
  audit.add_option("--limit", *limit, "at most so many of the newest (100)")
      ->type_name("N")
      ->check(between(1u, 1'000'000u));
  runs(audit, context, of_audit, [&context, of, limit](ApiClient& api, const Common& c) {
    return show_audit(context, api, *of, *limit, c.json);
  });
}

}  // namespace

void add_client_commands(CLI::App& app, Context& context) {
  add_provision(app, context);
  add_reading(app, context);
  add_watching(app, context);
  add_changing(app, context);
  add_transfer(app, context);
  add_service(app, context);
  add_access(app, context);
}

void print_error(Context& context, const Error& error) {
  const auto lines = split(error.message(), '\n');
  for (std::size_t i = 0; i < lines.size(); ++i) {
    context.err << (i == 0 ? "slipway: " : "  ") << safe(lines[i]) << "\n";
  }
  context.err << std::flush;
}

int run(CLI::App& app, int argc, const char* const* argv, Context& context) {
  try {
    app.parse(argc, argv);
    return context.exit_code;
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {  // --help and the like
      return app.exit(e, context.out, context.err);
    }
    context.err << "slipway: " << safe(e.what()) << "\n";
    const auto chosen = app.get_subcommands();
    context.err << fmt::format("see: slipway {}--help\n", chosen.empty() ? "" : chosen.front()->get_name() + " ");
    return exit_usage;
  } catch (const Error& e) {
    print_error(context, e);
    return exit_code(e);
  }
}

}  // namespace slipway::cli
