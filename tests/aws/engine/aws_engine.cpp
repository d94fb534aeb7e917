// The engine over the ECS drivers, with a ledger in memory, for tests/aws/test_ecs.py. It reads commands, a line each,
// and answers each with a line of JSON:
//   sign-up SLUG | suspend ID | resume ID | restart ID | remove ID   reconciles until nothing more happens by itself
//   sweep [unknown] | resources | logs ID
// The environment says where: see variable() below.
#include <boost/json.hpp>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "aws/client.hpp"
#include "drivers/database/ecs_init/ecs_init_database.hpp"
#include "drivers/runtime/ecs/ecs_runtime.hpp"
#include "engine/reconciler.hpp"
#include "engine/sweeper.hpp"
#include "engine/tenants.hpp"
#include "net/http_probe.hpp"
#include "tests/fakes/fake_mailer.hpp"
#include "tests/fakes/memory_store.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds patience{150};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw Error(ErrorKind::invalid, std::string(name) + " is not set");
  return value;
}

ecs::Place place() {
  ecs::Place place;
  place.region = "eu-central-1";
  place.cluster = variable("TEST_CLUSTER");
  place.parameters = variable("TEST_PARAMETERS");
  place.execution_role = "arn:aws:iam::000000000000:role/slipway-execution";
  place.log_group = variable("TEST_LOG_GROUP");
  place.init_image = variable("TEST_INIT_IMAGE");
  place.database_host = variable("TEST_DB_HOST");
  place.database_port = static_cast<std::uint16_t>(std::stoi(variable("TEST_DB_PORT")));
  place.database_admin = "admin";
  return place;
}

Settings settings() {
  Settings s;
  s.app.image = variable("TEST_APP_IMAGE");
  s.app.health_path = "/healthz";
  s.app.env = {{"DATABASE_URL", "{{ db.url }}"}, {"COMPANY_NAME", "{{ company_name }}"}};
  s.plans["default"] = Plan{};
  s.access.domain = "sslip.io";
  s.access.probe_address = "127.0.0.1";
  s.mail.from = "shop@example.com";
  for (const auto& purpose : mail_purposes()) s.mail.templates["en/" + purpose] = shipped_template("en", purpose);
  s.policy.stable_ports = false;
  s.policy.visible_after = Millis(3'000);
  s.orphan_grace = Millis(0);
  return s;
}

class Engine {
 public:
  json::object run(const std::string& command, const std::string& argument) {
    if (command == "sign-up") {
      const SignUp who{UserId("user-" + argument),     Slug(argument),      EmailAddress("a@shop.example"),
                       CompanyName(argument + " Inc"), PlanName("default"), {}};
      return settle(std::get<Created>(tenants_.sign_up(who, {}, "hash")).tenant.id);
    }
    if (command == "suspend") return change(argument, Action::suspend);
    if (command == "resume") return change(argument, Action::resume);
    if (command == "restart") return change(argument, Action::restart);
    if (command == "remove") return change(argument, Action::remove);
    if (command == "look") return settle(TenantId(argument));
    if (command == "resources") return {{"resources", listed(runtime_.resources())}};
    if (command == "sweep") {
      std::vector<Resource> orphans;
      const Unknown unknown = argument == "unknown" ? Unknown::remove : Unknown::hold;
      for (const Orphan& orphan : sweeper_.sweep(false, unknown).orphans) orphans.push_back(orphan.resource);
      return {{"orphans", listed(orphans)}};
    }
    if (command == "logs") {
      std::string text;
      runtime_.logs(TenantId(argument), 100, false, [&](std::string_view chunk) { return text += chunk, true; }, {});
      return {{"logs", text}};
    }
    throw Error(ErrorKind::invalid, "no such command: " + command);
  }

 private:
  static json::array listed(const std::vector<Resource>& resources) {
    json::array list;
    for (const Resource& r : resources) {
      list.push_back(json::object{{"kind", r.kind}, {"name", r.name}, {"tenant", r.tenant.value()}});
    }
    return list;
  }

  json::object change(const std::string& id, Action action) {
    tenants_.change(TenantId(id), action);
    return settle(TenantId(id));
  }

  // What the engine's workers do, in one thread: come back when the tenant falls due, until nothing is owed.
  json::object settle(const TenantId& id) {
    const auto end = std::chrono::steady_clock::now() + patience;
    std::optional<TimePoint> due = clock_.now();
    while (due && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::max(Millis(0), *due - clock_.now()));
      auto tenant = store_.claim(id, {"worker", clock_.now() + lease_time}, clock_.now());
      due = tenant ? reconciler_.reconcile(*tenant, "worker").again : std::nullopt;
    }
    const Tenant t = *store_.find(id);
    json::array errors;
    for (const Event& event : store_.events(id, 0, 1'000)) {
      if (event.kind == "error") errors.emplace_back(event.message);
    }
    return {{"id", id.value()},
            {"status", to_string(t.status)},
            {"reason", t.reason},
            {"url", access_url(settings_.access, t)},
            {"port", t.port ? t.port->value() : 0},
            {"boots", t.boots},
            {"leases", store_.ports(clock_.now()).size()},
            {"mails", mailer_.sent().size()},
            {"errors", std::move(errors)}};
  }

  SystemClock clock_;
  SystemRandom random_;
  aws::StaticCredentials credentials_{{"test", Secret("test"), Secret(""), std::nullopt}};
  aws::Session session_{"eu-central-1", credentials_, clock_, random_,
                        [](const std::string&) { return variable("TEST_ENDPOINT"); }};
  aws::Client ecs_{session_, aws::services::ecs};
  aws::Client ec2_{session_, aws::services::ec2};
  aws::Client ssm_{session_, aws::services::ssm};
  aws::Client logs_{session_, aws::services::cloudwatch_logs};
  test::MemoryStore store_{Port(0), Port(0)};
  ecs::EcsRuntime runtime_{{ecs_, ec2_, ssm_, logs_}, {place()}, store_.installation(), clock_, Log::silent()};
  ecs::EcsInitDatabase database_{ecs_, ssm_, place(), store_.installation(), Secret("master key"), 1};
  test::FakeMailer mailer_;
  net::HttpProbe probe_;
  Settings settings_ = settings();
  World world_{store_, runtime_, database_, mailer_, probe_, clock_, random_, &runtime_};
  Watch watch_;
  Reconciler reconciler_{world_, settings_, watch_, Log::silent()};
  Tenants tenants_{world_, settings_, [](const TenantId&) {}};
  Sweeper sweeper_{world_, settings_, [](const TenantId&) {}, Log::silent()};
};

}  // namespace
}  // namespace slipway

int main() {
  slipway::Engine engine;
  for (std::string command, argument, line; std::getline(std::cin, line);) {
    const auto space = line.find(' ');
    command = line.substr(0, space);
    argument = space == std::string::npos ? "" : line.substr(space + 1);
    try {
      std::cout << boost::json::serialize(engine.run(command, argument)) << std::endl;
    } catch (const std::exception& error) {
      std::cout << boost::json::serialize(boost::json::object{{"error", error.what()}}) << std::endl;
    }
  }
}
