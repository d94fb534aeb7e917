#include "app/lambda/function.hpp"

#include <fmt/format.h>

#include "api/router.hpp"
#include "app/version.hpp"
#include "aws/client.hpp"
#include "aws/credential_chain.hpp"
#include "aws/roots.hpp"
#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "config/settings_of.hpp"
#include "drivers/database/ecs_init/ecs_init_database.hpp"
#include "drivers/mail/resend/resend_mailer.hpp"
#include "drivers/runtime/ecs/ecs_runtime.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "lambda/handler.hpp"
#include "net/http_probe.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

// Secrets stand in SSM, one parameter each, below the installation's path.
constexpr const char* master_key_name = "master-key";
constexpr const char* resend_key_name = "resend-key";

// ECS is eventually consistent: a task that was just started may be missing from its lists for a while.
constexpr Millis task_is_visible_after{10'000};
// No room on the cluster is mended by another machine, which takes minutes, or by the founder, who was mailed.

struct Secrets {
  Secret master_key;
  std::string resend_key;  // empty: there is none
};

Secrets read_secrets(aws::Client& ssm, const std::string& path) {
  const std::string master = path + "/" + master_key_name, resend = path + "/" + resend_key_name;
  const auto answer =
      ssm.call("GetParameters", json::object{{"Names", json::array{master, resend}}, {"WithDecryption", true}});
  Secrets secrets;
  if (const auto* found = array_at(answer, "Parameters")) {
    for (const auto& value : *found) {
      const auto& parameter = value.as_object();
      if (string_at(parameter, "Name") == master) secrets.master_key = Secret(string_at(parameter, "Value"));
      if (string_at(parameter, "Name") == resend) secrets.resend_key = string_at(parameter, "Value");
    }
  }
  if (secrets.master_key.empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("there is no parameter {} in SSM; 'slipway aws deploy' makes it", master));
  }
  return secrets;
}

// slipway.yaml is the one of standalone; what it says about secrets was true on the founder's machine.
Config read_config(const FunctionPlace& place, const EnvLookup& env, const Secrets& secrets) {
  const std::string kept_elsewhere = "-";
  Config config =
      load_config(place.task_root + "/slipway.yaml", env,
                  {{"mail.resend.api_key", secrets.resend_key.empty() ? kept_elsewhere : secrets.resend_key},
                   {"mail.smtp.password", kept_elsewhere},
                   {"aws.database.password", kept_elsewhere}});
  if (!place.app_image.empty()) config.app.image = place.app_image;
  if (config.mail.driver != Config::MailDriver::resend) {
    throw Error(ErrorKind::invalid, "mail.driver: on AWS mail goes out through resend; set it and mail.resend.api_key");
  }
  if (secrets.resend_key.empty()) {
    throw Error(ErrorKind::not_found, fmt::format("there is no parameter {}/{} in SSM; 'slipway aws deploy' makes it",
                                                  place.parameters, resend_key_name));
  }
  return config;
}

aws::Surroundings surroundings(const EnvLookup& env) {
  // On Lambda the credentials stand in the environment; there are no files of a user's.
  return {env, [](const std::string&) { return std::optional<std::string>(); }, "", ""};
}

ecs::Place ecs_place(const FunctionPlace& place) {
  ecs::Place made;
  made.region = place.region;
  made.cluster = place.cluster;
  made.parameters = place.parameters;
  made.execution_role = place.execution_role;
  made.log_group = place.log_group;
  made.capacity_provider = place.capacity_provider;
  made.init_image = place.init_image;
  made.database_host = place.database_host;
  made.database_port = place.database_port;
  return made;
}

mail::ResendOptions resend_options(const Config& config) {
  mail::ResendOptions options;
  options.api_key = config.mail.resend.api_key;
  options.endpoint = config.mail.resend.endpoint;
  return options;
}

// ECS chooses the ports, unless customers are to keep theirs.
dynamodb::Options store_options(const FunctionPlace& place, const Config& config) {
  dynamodb::Options options;
  options.table = place.table;
  options.first_port = Port(config.access.stable_ports ? config.access.ports.first : std::uint16_t(0));
  options.last_port = Port(config.access.stable_ports ? config.access.ports.last : std::uint16_t(0));
  return options;
}

Settings function_settings(const Config& config) {
  Settings settings = settings_of(config, "");
  settings.policy.stable_ports = config.access.stable_ports;
  settings.policy.visible_after = task_is_visible_after;
  return settings;
}

}  // namespace

// In the order in which they are made; they go in the reverse order.
struct Function::Parts {
  Parts(const FunctionPlace& where, const EnvLookup& env)
      : place(where),
        around(surroundings(env)),
        credentials(around, clock),
        session(make_session()),
        secrets(read_secrets(ssm, place.parameters)),
        config(read_config(place, env, secrets)),
        log(LogFormat::json, config.log.level),
        settings(function_settings(config)) {}

  aws::Session make_session() {
    aws::Session made{place.region, credentials, clock, random,
                      [this](const std::string& id) { return aws::endpoint_from_environment(around, id); }};
    made.ca_file = around.variable("AWS_CA_BUNDLE");
    made.ca_pem = aws::amazon_roots();
    made.use_fips = around.variable("AWS_USE_FIPS_ENDPOINT") == "true";
    made.use_dual_stack = around.variable("AWS_USE_DUALSTACK_ENDPOINT") == "true";
    return made;
  }

  std::vector<api::HealthCheck> health_checks() {
    return {{"ledger", [this] { return store.next_due(), std::string("ok"); }, true},
            {"runtime", [this] { return runtime.check(); }},
            {"database", [this] { return database.check(); }},
            {"mail", [this] { return mailer.check(); }}};
  }

  const FunctionPlace place;
  const aws::Surroundings around;
  SystemClock clock;
  SystemRandom random;
  aws::CredentialChain credentials;
  const aws::Session session;
  aws::Client dynamodb_client{session, aws::services::dynamodb};
  aws::Client sqs{session, aws::services::sqs};
  aws::Client ssm{session, aws::services::ssm};
  aws::Client ecs_client{session, aws::services::ecs};
  aws::Client ec2{session, aws::services::ec2};
  aws::Client logs{session, aws::services::cloudwatch_logs};
  const Secrets secrets;
  const Config config;
  Log log;
  const Settings settings;
  dynamodb::DynamoStore store{
      [this](std::string_view operation, const json::object& input) { return dynamodb_client.call(operation, input); },
      store_options(place, config), random};
  const InstallationId installation{store.installation()};
  ecs::EcsRuntime runtime{
      {ecs_client, ec2, ssm, logs}, {ecs_place(place), config.app.stop_timeout}, installation, clock, log};
  ecs::EcsInitDatabase database{ecs_client, ssm, ecs_place(place), installation, secrets.master_key, 1};
  mail::ResendMailer mailer{resend_options(config)};
  net::HttpProbe probe;
  const World world{store, runtime, database, mailer, probe, clock, random, &runtime};
  Watch watch;
  lambda::SqsQueue queue{sqs, place.queue_url, clock};
  lambda::Worker worker{world, settings, watch, queue, new_id("lambda_", clock.now(), random), log};
  Tenants tenants{world, settings, [this](const TenantId& id) { worker.send({id, std::nullopt}); }};
  Sweeper sweeper{world, settings, [this](const TenantId& id) { worker.send({id, std::nullopt}); }, log};
  api::Gate gate{store, clock, config.api.access};
  api::Health health{health_checks(), clock};
  api::Context context{store,
                       gate,
                       tenants,
                       watch,
                       sweeper,
                       settings.access,
                       clock,
                       random,
                       world.logs,
                       nullptr,
                       &health,
                       std::string(version),
                       Secret(to_hex(hmac_sha256(secrets.master_key, "status URLs"))),
                       log,
                       nullptr,
                       {},
                       settings.mail.language};
  const api::Router router{api::make_router(context)};
  lambda::Handler handler{{router, worker, queue, store, sweeper, clock, log}};
};

Function::Function(const FunctionPlace& place, const EnvLookup& env) : parts_(std::make_unique<Parts>(place, env)) {}
Function::~Function() = default;

lambda::Handler& Function::handler() { return parts_->handler; }

}  // namespace slipway
