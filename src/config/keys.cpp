#include "config/keys.hpp"

#include <algorithm>

#include "model/mail_template.hpp"

namespace slipway::config {
namespace {

using api::CallLimits;
using net::Endpoint;
using Access = Config::Access;
using Api = Config::Api;
using Aws = Config::Aws;
using Database = Config::Database;
using Docker = Config::Docker;
using Limits = Config::Limits;
using Logging = Config::Logging;
using Mail = Config::Mail;
using Resend = Config::Resend;
using Runtime = Config::Runtime;
using Smtp = Config::Smtp;

constexpr Absent none{"", "none", ""};
constexpr Absent is(std::string_view value) { return {value, "", ""}; }
constexpr Absent in_words(std::string_view words) { return {"", words, ""}; }
constexpr Absent required(std::string_view why) { return {"", "required", why}; }

// One row a key: its path, where its value goes, its type, its default, and its sentence in the reference.
std::vector<Key> table() {
  using RuntimeDriver = Config::RuntimeDriver;
  using MailDriver = Config::MailDriver;
  using Security = Config::SmtpSecurity;
  using LogStyle = Config::LogStyle;
  return {
      {"app.name", at<&AppSpec::name>, text(), is("app"), "What the product is called in mails and pages."},
      {"app.image", at<&AppSpec::image>, image(), required("the image that every customer gets, such as shop:1.4"),
       "The image, with its tag or digest: `shop:1.4`, `registry.example.com/shop@sha256:…`."},
      {"app.command", at<&AppSpec::command>, list(argument()), is("[]"),
       "Runs instead of the image's own command. The process runtime needs it."},
      {"app.port", at<&AppSpec::port>, port(), is("8080"), "The port on which the app listens inside its container."},
      {"app.health.path", at<&AppSpec::health_path>, health_path(), is("/"),
       "The path that answers with 2xx or 3xx once the app is ready."},
      {"app.start_timeout", at<&AppSpec::start_timeout>, duration(), is("60s"),
       "How long one boot may take until the app answers, migrations included."},
      {"app.stop_timeout", at<&AppSpec::stop_timeout>, duration(), is("10s"), "The time between SIGTERM and SIGKILL."},
      {"app.env.*", at<&EnvTemplate::value>, env_template(), none,
       "An environment variable of the app; see [templates](#templates)."},
      {"app.volumes[].name", at<&VolumeSpec::name>, name(),
       required("each volume needs a name of its own, such as data"),
       "The name of a volume that each customer gets of their own."},
      {"app.volumes[].path", at<&VolumeSpec::path>, mount_path(),
       required("where the volume is mounted, such as /data"), "Where that volume is mounted: an absolute path."},
      {"app.read_only", at<&AppSpec::read_only>, flag(), is("false"),
       "Whether the root file system is read-only; `/tmp` and volumes can be written to."},
      {"app.capabilities", at<&AppSpec::capabilities>, list(capability()),
       is("[CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID, NET_BIND_SERVICE]"),
       "The Linux capabilities that the container keeps, without `CAP_`; all others are dropped."},
      {"plans.*.memory", at<&Plan::memory_bytes>, memory(), is("256MiB"),
       "Memory of the container, at least 6MiB; an app that wants more is killed and restarted."},
      {"plans.*.cpus", at<&Plan::cpus>, decimal(0.01, 1024), is("0.5"), "Processor time, in cores."},
      {"plans.*.pids", at<&Plan::pids>, whole(1, 4'194'304), is("256"), "Processes and threads at once."},
      {"plans.*.database.connections", at<&Plan::db_connections>, whole(1, 10'000), is("4"),
       "Connections that the customer's role may have open."},
      {"plans.*.database.statement_timeout", at<&Plan::db_statement_timeout>, duration(std::chrono::hours(24)),
       is("30s"), "The time after which Postgres ends a statement; at most 24h."},
      {"access.domain", at<&AccessSpec::domain>, one_of({"sslip.io", "localhost"}), is("sslip.io"),
       "`localhost` is for a machine that nobody else reaches, and needs no DNS."},
      {"access.address", at<&AccessSpec::address>, ipv4_or_auto(), is("auto"),
       "The public address of the machine; `auto` finds it."},
      {"access.probe_address", at<&AccessSpec::probe_address>, ipv4(), in_words("found"),
       "Where Slipway asks instances whether they are ready: `access.address` if it is this machine's own, else "
       "127.0.0.1; the engine's host where `runtime.docker.host` is another machine; on AWS the task's."},
      {"access.ports", at<&Access::ports>, port_range(), is("20000-29999"),
       "One port for each customer. It may hold neither the API's port nor that of the managed Postgres."},
      {"access.stable_ports", at<&Access::stable_ports>, flag(), is("false"),
       "On AWS: whether a customer keeps one of `access.ports` for good. Otherwise Docker chooses a port from "
       "32768-50999 "
       "at each start, and a URL changes with it."},
      {"runtime.driver", at<&Runtime::driver>,
       choice<RuntimeDriver>({{"auto", RuntimeDriver::automatic},
                              {"docker", RuntimeDriver::docker},
                              {"process", RuntimeDriver::process}}),
       is("auto"),
       "`auto` takes Docker where it answers, for good (`data_dir/runtime` says so), else plain processes, which "
       "isolate "
       "little; without customers each start asks again."},
      {"runtime.docker.host", at<&Endpoint::url>, docker_host(), is("unix:///var/run/docker.sock"),
       "The Docker Engine: `unix:///path`, `tcp://host:port`, `https://host:port`."},
      {"runtime.docker.ca_file", at<&Endpoint::ca_file>, path(), none,
       "What the engine's certificate is checked against; makes `tcp://` mean TLS."},
      {"runtime.docker.cert_file", at<&Endpoint::cert_file>, path(), none,
       "The client certificate that the engine asks for."},
      {"runtime.docker.key_file", at<&Endpoint::key_file>, path(), none, "The key of that certificate."},
      {"runtime.docker.network", at<&Docker::network>, name(), is("slipway"),
       "The bridge network of the instances; it is created if it does not exist."},
      {"runtime.docker.subnet", at<&Docker::subnet>, subnet(), in_words("Docker chooses"),
       "The subnet of that network: `172.30.0.0/16`."},
      {"runtime.docker.config", at<&Docker::config_file>, path(), in_words("Docker's own"),
       "The config.json with the credentials of registries; by default that of DOCKER_CONFIG or ~/.docker."},
      {"runtime.process.user", at<&Runtime::process_user>, text(), in_words("Slipway's own"),
       "The user as whom the process runtime runs commands; needs root."},
      {"database.url", at<&Database::url>, database_url(), none,
       "URL of your own server, 13 or newer, with an administrator (superuser, or CREATEDB and CREATEROLE)."},
      {"database.managed.port", at<&Database::managed_port>, port(), is("5433"), "The port of the private server."},
      {"database.managed.bindir", at<&Database::bindir>, path(), in_words("found"),
       "Where its initdb and postgres are."},
      {"database.tenant_host", at<&Database::tenant_host>, host(), in_words("derived"),
       "The server, as the instances reach it."},
      {"database.tenant_port", at<&Database::tenant_port>, port(), in_words("derived"),
       "Its port, as the instances reach it."},
      {"mail.driver", at<&Mail::driver>,
       choice<MailDriver>({{"outbox", MailDriver::outbox}, {"smtp", MailDriver::smtp}, {"resend", MailDriver::resend}}),
       is("outbox"), "`outbox` writes each mail to a file, for trying things out; the others send it."},
      {"mail.from", at<&Mail::from>, mailbox(), is("noreply@slipway.example"),
       "The sender: `Shop <hello@shop.example>`. Required by smtp and resend."},
      {"mail.reply_to", at<&Mail::reply_to>, mail_address(), none, "Where answers go."},
      {"mail.operator", at<&Mail::operator_address>, mail_address(), none,
       "Who is told when a provisioning fails, or waits for long."},
      {"mail.language", at<&Mail::language>, one_of(mail_languages()), is("en"),
       "The language of customers whose metadata names no `language`."},
      {"mail.templates", at<&Mail::templates>, path(), none,
       "A folder with templates of your own, as `<language>/welcome.txt` and the like; what it lacks is taken from "
       "Slipway's."},
      {"mail.outbox.directory", at<&Mail::outbox>, path(), in_words("mail in data_dir"), "Where the outbox writes."},
      {"mail.smtp.host", at<&Smtp::host>, host(), none, "The mail server. Required by smtp."},
      {"mail.smtp.port", at<&Smtp::port>, port(), in_words("by security"),
       "587 with starttls, 465 with tls, 25 with none."},
      {"mail.smtp.security", at<&Smtp::security>,
       choice<Security>({{"starttls", Security::starttls}, {"tls", Security::tls}, {"none", Security::none}}),
       is("starttls"), "How the connection is protected."},
      {"mail.smtp.user", at<&Smtp::user>, text(), none, "The user to log in as; together with the password."},
      {"mail.smtp.password", at<&Smtp::password>, secret(), none, "The password of that user."},
      {"mail.resend.api_key", at<&Resend::api_key>, secret(), none, "The API key of Resend. Required by resend."},
      {"mail.resend.endpoint", at<&Resend::endpoint>, http_url(), is("https://api.resend.com"),
       "Where Resend's API is."},
      {"api.listen", at<&Api::listen>, listen(), is("127.0.0.1:8080"),
       "The HTTP API. `0.0.0.0:8080` is every address of the machine; port 0 is any free one."},
      {"api.socket", at<&Api::socket>, path(), in_words("slipway.sock in data_dir"),
       "The local socket that the command line uses, for this user only. At most 107 bytes long."},
      {"api.cors_origins", at<&CallLimits::cors_origins>, list(origin()), is("[]"),
       "Origins whose pages may call the API from a browser, such as `https://shop.example`; `\"*\"` is every one."},
      {"api.trusted_proxies", at<&CallLimits::trusted_proxies>, list(address_range()), is("[]"),
       "IP addresses or ranges (`10.0.0.0/8`) of reverse proxies that are believed about [whom a request comes "
       "from](api.md#the-clients-address); without it, all clients behind a proxy share the proxy's address."},
      {"aws.region", at<&Aws::region>, name(), in_words("as AWS's own tools find it"),
       "Where everything is: `eu-central-1`. Otherwise `AWS_REGION`, `AWS_DEFAULT_REGION`, or the profile's."},
      {"aws.stack", at<&Aws::stack>, stack_name(), is("slipway"),
       "What the stacks are called: this, and this with `-data`. Another name is another Slipway."},
      {"aws.zone", at<&Aws::zone>, name(), in_words("the region's first"),
       "Availability zone of the machines and of the databases' volume. It cannot be changed later."},
      {"aws.instance_type", at<&Aws::instance_type>, text(), is("t3.micro"),
       "Type of the machines; x86-64. Another one replaces them: customers are down for some minutes."},
      {"aws.extra_machines", at<&Aws::extra_machines>, whole(0, 50), is("0"),
       "Machines beside the first, 0 to 50. Their addresses change when they are replaced."},
      {"aws.shell_access", at<&Aws::shell_access>, flag(), is("false"),
       "Whether machines can be entered through Session Manager. There is no SSH."},
      {"aws.database.volume", at<&Aws::database_volume_bytes>, volume_size(), is("8GiB"),
       "Size of the volume that holds the customers' databases. It can grow, and never shrink."},
      {"aws.database.snapshots", at<&Aws::database_snapshots>, whole(1, 365), is("7"),
       "Daily snapshots of that volume that are kept."},
      {"aws.database.image", at<&Aws::database_image>, image(), is("public.ecr.aws/docker/library/postgres:15-alpine"),
       "The shared Postgres. Data of one major version does not open in another."},
      {"aws.database.host", at<&Aws::database_host>, host(), none, "A Postgres of your own instead, such as RDS."},
      {"aws.database.port", at<&Aws::database_port>, port(), is("5432"), "The port of that Postgres."},
      {"aws.database.password", at<&Aws::database_password>, secret(), in_words("made"),
       "The password of the user `postgres` there."},
      {"aws.requests_per_second", at<&Aws::requests_per_second>, whole(1, 10'000), is("10"),
       "Requests to the API before it answers 429; bursts of 50."},
      {"aws.log_days", at<&Aws::log_days>, log_days(), is("14"),
       "How many days logs are kept: 1, 3, 5, 7, 14, 30, 60, 90, …"},
      {"aws.alarm_email", at<&Aws::alarm_email>, mail_address(), none,
       "The address that gets alarms and the budget's warning. AWS asks it for a confirmation first."},
      {"aws.budget_usd", at<&Aws::budget_usd>, whole(1, 1'000'000), is("20"),
       "Dollars a month past which that address is warned. Nothing is stopped."},
      {"limits.reserved_subdomains", at<&Limits::reserved_subdomains>, list(subdomain()),
       in_words("www, admin, api, …"),
       "Names that no customer may take; given, it replaces the list that comes with Slipway."},
      {"limits.sign_ups_per_key", at<&CallLimits::sign_ups_per_key>, whole(0, 1'000'000), is("600"),
       "Sign-ups a minute that one API key may make; 0: no limit. The local socket is not limited."},
      {"limits.sign_ups_per_address", at<&CallLimits::sign_ups_per_address>, whole(0, 1'000'000), is("60"),
       "The same for one client address."},
      {"limits.workers", at<&Limits::workers>, whole(1, 256), is("8"), "Tenants that are worked on at once, 1 to 256."},
      {"limits.parallel_starts", at<&Limits::parallel_starts>, whole(0, 256), is("0"),
       "Containers that start at once; 0: one for each core."},
      {"limits.retry_budget", at<&Limits::retry_budget>, duration(), is("5m"),
       "How long one step of a provisioning may fail for what is not the app's fault until the operator is told."},
      {"limits.orphan_grace", at<&Limits::orphan_grace>, duration(), is("1h"),
       "The time from the first sighting of something that belongs to no tenant to its removal."},
      {"limits.sweep_interval", at<&Limits::sweep_interval>, duration(), is("60s"),
       "The time between two sweeps for orphans."},
      {"log.format", at<&Logging::format>,
       choice<LogStyle>({{"auto", LogStyle::automatic}, {"human", LogStyle::human}, {"json", LogStyle::json}}),
       is("auto"), "`auto` is human on a terminal and JSON otherwise."},
      {"log.level", at<&Logging::level>,
       choice<LogLevel>({{"debug", LogLevel::debug},
                         {"info", LogLevel::info},
                         {"warn", LogLevel::warn},
                         {"error", LogLevel::error}}),
       is("info"), "The least important messages that are written."},
      {"data_dir", at<&Config::data_dir>, path(), is("./slipway-data"),
       "The ledger, the master key, the private Postgres, the outbox and the socket. Back it up."},
  };
}

}  // namespace

const std::vector<Key>& keys() {
  static const std::vector<Key> all = table();
  return all;
}

const Key* find_key(std::string_view path) {
  const auto found = std::find_if(keys().begin(), keys().end(), [&](const Key& key) { return key.path == path; });
  return found == keys().end() ? nullptr : &*found;
}

std::vector<std::string> names_below(std::string_view path) {
  std::vector<std::string> names;
  const std::string prefix = path.empty() ? "" : std::string(path) + ".";
  for (const Key& key : keys()) {
    if (!key.path.starts_with(prefix)) continue;
    std::string first(key.path.substr(prefix.size()));
    first = first.substr(0, first.find_first_of(".["));
    if (std::find(names.begin(), names.end(), first) == names.end()) names.push_back(std::move(first));
  }
  return names;
}

}  // namespace slipway::config
