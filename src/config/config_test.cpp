#include "config/config.hpp"

#include <gmock/gmock.h>

#include "config/find_server.hpp"
#include "config/load.hpp"
#include "config/settings_of.hpp"
#include "config/testing.hpp"
#include "model/names.hpp"

namespace slipway {
namespace {

using testing::ElementsAre;
using ConfigFile = test::ConfigFolder;

// Every value of a Config as one text, to compare two.
std::string dump(const Config& c) {
  std::string out = fmt::format("{} {}\n", c.file.string(), c.data_dir.string());
  const AppSpec& a = c.app;
  out += fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}\n", a.name, a.image, fmt::join(a.command, ","), a.port, a.health_path,
                     a.start_timeout.count(), a.stop_timeout.count(), a.read_only, fmt::join(a.capabilities, ","));
  for (const auto& e : a.env) out += fmt::format("env {}={}\n", e.name, e.value);
  for (const auto& v : a.volumes) out += fmt::format("volume {}:{}\n", v.name, v.path);
  for (const auto& [name, p] : c.plans) {
    out += fmt::format("plan {}/{} {} {} {} {} {}\n", name, p.name.value(), p.memory_bytes, p.cpus, p.pids,
                       p.db_connections, p.db_statement_timeout.count());
  }
  out += fmt::format("access {}|{}|{}|{}|{}-{}\n", c.access.spec.domain, c.access.spec.address,
                     c.access.spec.probe_address, c.access.stable_ports, c.access.ports.first, c.access.ports.last);
  const Config::Docker& d = c.runtime.docker;
  out += fmt::format("runtime {}|{}|{}|{}|{}|{}|{}|{}|{}\n", static_cast<int>(c.runtime.driver), d.engine.url,
                     d.engine.ca_file, d.engine.cert_file, d.engine.key_file, d.network, d.subnet,
                     d.config_file.string(), c.runtime.process_user);
  const Config::Database& b = c.database;
  out += fmt::format("database {}|{}|{}|{}|{}\n", b.url.reveal(), b.managed_port, b.bindir.string(), b.tenant_host,
                     b.tenant_port.value_or(0));
  const Config::Mail& m = c.mail;
  out += fmt::format("mail {}|{}|{}|{}|{}|{}|{}|{}:{}|{}|{}|{}|{}|{}\n", static_cast<int>(m.driver), m.from, m.reply_to,
                     m.operator_address, m.language, m.templates.string(), m.outbox.string(), m.smtp.host, m.smtp.port,
                     static_cast<int>(m.smtp.security), m.smtp.user, m.smtp.password.reveal(),
                     m.resend.api_key.reveal(), m.resend.endpoint);
  const Config::Limits& l = c.limits;
  const Config::Aws& w = c.aws;
  out += fmt::format("aws {}|{}|{}|{}|{}|{}|{}|{}|{}|{}:{}|{}|{}|{}|{}|{}\n", w.region, w.stack, w.zone,
                     w.instance_type, w.extra_machines, w.shell_access, w.database_volume_bytes, w.database_snapshots,
                     w.database_image, w.database_host, w.database_port, w.database_password.reveal(),
                     w.requests_per_second, w.log_days, w.alarm_email, w.budget_usd);
  const api::CallLimits& p = c.api.access;
  std::vector<std::string> proxies;
  for (const api::AddressRange& range : p.trusted_proxies) {
    proxies.push_back(fmt::format("{}/{}", range.first.to_string(), range.bits));
  }
  out += fmt::format("access policy {}|{}|{}|{}\n", fmt::join(p.cors_origins, ","), fmt::join(proxies, ","),
                     p.sign_ups_per_key, p.sign_ups_per_address);
  out += fmt::format("api {}:{}|{}\nlimits {}|{}|{}|{}|{}|{}\n", c.api.listen.address, c.api.listen.port,
                     c.api.socket.string(), fmt::join(l.reserved_subdomains, ","), l.workers, l.parallel_starts,
                     l.retry_budget.count(), l.orphan_grace.count(), l.sweep_interval.count());
  return out + fmt::format("log {} {}\n", static_cast<int>(c.log.format), static_cast<int>(c.log.level));
}

constexpr const char* full = R"(
app:
  name: "Automation ${STAGE}"
  image: registry.example.com:5000/automation-app:1.2@sha256:0123456789abcdef0123456789abcdef
  command: ["uvicorn", "src.api.main:app", "--price=$$5", "$HOME"]
  port: 8000
  health: { path: /healthz }
  start_timeout: 2m
  stop_timeout: 500ms
  env:
    DATABASE_URL: "postgresql+asyncpg://{{ db.user }}:{{ db.password }}@{{ db.host }}:{{ db.port }}/{{ db.name }}"
    COMPANY_NAME: "{{ company_name }}"
    EMPTY: ""
    NUMBER: 7
  volumes: [ { name: data, path: /data }, { name: cache, path: /var/cache } ]
  read_only: true
  capabilities: [CHOWN]
plans:
  large: { memory: 1GiB }
  default: { memory: 512M, cpus: 0.25, pids: 64, database: { connections: 4, statement_timeout: 10s } }
access: { domain: localhost, address: 203.0.113.9, probe_address: 10.0.0.1, ports: 21000-21999, stable_ports: true }
runtime:
  driver: docker
  docker: { host: "tcp://10.0.0.5:2376", ca_file: ca.pem, cert_file: ./cert.pem, key_file: key.pem, network: shops,
            subnet: 172.30.0.0/16, config: docker.json }
  process: { user: nobody }
database: { url: "file:secrets/../url", tenant_host: 10.0.0.2, tenant_port: 6432 }
mail:
  driver: smtp
  from: "Shop Việt <hello@Shop.example>"
  reply_to: help@shop.example
  operator: ops@shop.example
  language: vi
  templates: templates
  outbox: { directory: /srv/outbox }
  smtp: { host: smtp.example.com, port: 2525, security: tls, user: me, password: "${SMTP_PASSWORD}" }
  resend: { api_key: "file:${KEYS}/resend", endpoint: "http://127.0.0.1:9/x" }
api: { listen: "[::1]:9090", socket: run/s.sock, cors_origins: [https://shop.example], trusted_proxies: [10.0.0.3] }
aws:
  region: eu-central-1
  stack: shops
  zone: eu-central-1b
  instance_type: t3.small
  extra_machines: 2
  shell_access: true
  database: { volume: 20GiB, snapshots: 9, image: "postgres:16", host: rds.example, port: 5444, password: "file:pg" }
  requests_per_second: 11
  log_days: 30
  alarm_email: alarm@shop.example
  budget_usd: 21
limits: { sign_ups_per_key: 12, sign_ups_per_address: 13, reserved_subdomains: [WWW, shop], workers: 2, parallel_starts: 3, retry_budget: 1h,
          orphan_grace: 2d, sweep_interval: 5s }
log: { format: json, level: debug }
data_dir: state
)";

TEST_F(ConfigFile, AFullOneIsReadWholly) {
  std::filesystem::create_directory(folder / "templates");
  for (const char* name : {"ca.pem", "cert.pem", "key.pem", "docker.json"}) write(name, "x");
  write("url", "postgresql://admin:p%40ss@db:5432/postgres\r\n");
  write("resend", "re_123");
  write("pg", "p4\n");
  env = {{"STAGE", "Beta"}, {"SMTP_PASSWORD", "p:w\"d"}, {"KEYS", folder.string()}};
  const std::string home = folder.string();
  const std::string expected = fmt::format(
      R"({0}/slipway.yaml {0}/state
Automation Beta|registry.example.com:5000/automation-app:1.2@sha256:0123456789abcdef0123456789abcdef|uvicorn,src.api.main:app,--price=$$5,$HOME|8000|/healthz|120000|500|true|CHOWN
env DATABASE_URL=postgresql+asyncpg://{{{{ db.user }}}}:{{{{ db.password }}}}@{{{{ db.host }}}}:{{{{ db.port }}}}/{{{{ db.name }}}}
env COMPANY_NAME={{{{ company_name }}}}
env EMPTY=
env NUMBER=7
volume data:/data
volume cache:/var/cache
plan default/default 536870912 0.25 64 4 10000
plan large/large 1073741824 0.25 64 4 10000
access localhost|203.0.113.9|10.0.0.1|true|21000-21999
runtime 1|https://10.0.0.5:2376|{0}/ca.pem|{0}/cert.pem|{0}/key.pem|shops|172.30.0.0/16|{0}/docker.json|nobody
database postgresql://admin:p%40ss@db:5432/postgres|5433||10.0.0.2|6432
mail 1|Shop Việt <hello@shop.example>|help@shop.example|ops@shop.example|vi|{0}/templates|/srv/outbox|smtp.example.com:2525|1|me|p:w"d|re_123|http://127.0.0.1:9/x
aws eu-central-1|shops|eu-central-1b|t3.small|2|true|21474836480|9|postgres:16|rds.example:5444|p4|11|30|alarm@shop.example|21
access policy https://shop.example|10.0.0.3/32|12|13
api ::1:9090|{0}/run/s.sock
limits www,shop|2|3|3600000|172800000|5000
log 2 0
)",
      home);
  EXPECT_EQ(dump(load(full)), expected);

  std::set<std::string_view> missing;
  for (const config::Key& key : config::keys()) missing.insert(key.path);
  for (const config::Written& value : config::load(folder / "slipway.yaml", lookup()).written)
    missing.erase(value.key->path);
  EXPECT_THAT(missing, ElementsAre("database.managed.bindir", "database.managed.port")) << "but these go without a URL";
  const Config managed = load("app: { image: 'shop:1' }\ndatabase: { managed: { port: 5500, bindir: . } }\n");
  EXPECT_EQ(managed.database.managed_port, 5500);
  EXPECT_EQ(managed.database.bindir, folder / "");
}

TEST_F(ConfigFile, TheDefaultsAreThoseOfTheTable) {
  const Config bare = load("app: { image: 'shop:1' }\n");
  EXPECT_EQ(bare.limits.reserved_subdomains, default_reserved_slugs());
  EXPECT_EQ(bare.api.socket, folder / "slipway-data/slipway.sock");
  EXPECT_EQ(bare.mail.outbox, folder / "slipway-data/mail");
  EXPECT_EQ(bare.plans.size(), 1u);
  // Tests elsewhere begin with the model's own values.
  Config model = bare;
  model.app = AppSpec{};
  model.app.image = "shop:1";
  model.plans["default"] = Plan{};
  model.access.spec = AccessSpec{};
  model.api.access = api::CallLimits{};
  EXPECT_EQ(dump(bare), dump(model));

  // Written out as the table gives them, they change nothing.
  std::map<std::string, std::map<std::string, std::string>> sections;
  std::string written = "app:\n  image: 'shop:1'\n";
  std::string plan = "plans: { default: { ";
  std::string database;
  for (const config::Key& key : config::keys()) {
    if (key.absent.value.empty() || key.path == "data_dir") continue;
    std::string path(key.path);
    if (path.starts_with("plans.*.database.")) {
      database += fmt::format("{}: {}, ", path.substr(17), key.absent.value);
    } else if (path.starts_with("plans.*.")) {
      plan += fmt::format("{}: {}, ", path.substr(8), key.absent.value);
    } else {
      const auto dot = path.rfind('.');
      sections[path.substr(0, dot)][path.substr(dot + 1)] = key.absent.value;
    }
  }
  std::map<std::string, std::string> flow;  // top section -> its keys and one level of sections below it
  for (const auto& [section, keys] : sections) {
    std::string text;
    for (const auto& [key, value] : keys) {
      text += fmt::format("{}: {}, ", key,
                          value.find(": ") == std::string::npos && value.front() != '[' ? "\"" + value + "\"" : value);
    }
    const auto dot = section.find('.');
    if (dot == std::string::npos) {
      flow[section] += text;
    } else {
      flow[section.substr(0, dot)] += fmt::format("{}: {{ {} }}, ", section.substr(dot + 1), text);
    }
  }
  std::string text = plan + "database: { " + database + "} } }\ndata_dir: ./slipway-data\n";
  for (const auto& [section, keys] : flow) {
    text += fmt::format("{}: {{ {}{} }}\n", section, section == "app" ? "image: 'shop:1', " : "", keys);
  }
  EXPECT_EQ(dump(load(text)), dump(bare)) << text;
}

TEST_F(ConfigFile, AnEmptySectionOrKeyIsAnAbsentOne) {
  const Config bare = load("app: { image: 'shop:1' }\n");
  const Config sparse = load(
      "app:\n  image: shop:1\n  health:\n  env:\n  command:\nplans:\n  default:\nmail:\n  smtp:\n    host:\n"
      "runtime: { docker: { ca_file: , config: } }\naccess: { probe_address: \"\" }\nlog: ~\n");
  EXPECT_EQ(dump(sparse), dump(bare));
}

TEST_F(ConfigFile, SmtpsPortFollowsItsSecurity) {
  const auto port = [&](const std::string& security) {
    return load("app: { image: 'shop:1' }\nmail: { smtp: { host: h, security: " + security + " } }").mail.smtp.port;
  };
  EXPECT_EQ(port("starttls"), 587);
  EXPECT_EQ(port("tls"), 465);
  EXPECT_EQ(port("none"), 25);
}

TEST_F(ConfigFile, DockersOwnCredentialsAreFoundWhereItKeepsThem) {
  const std::string text = "app: { image: 'shop:1' }\n";
  env["HOME"] = folder.string();
  EXPECT_EQ(load(text).runtime.docker.config_file, "");
  std::filesystem::create_directory(folder / ".docker");
  write(".docker/config.json", "{}");
  EXPECT_EQ(load(text).runtime.docker.config_file, folder / ".docker/config.json");
  env["DOCKER_CONFIG"] = (folder / "elsewhere").string();
  EXPECT_EQ(load(text).runtime.docker.config_file, "");
  EXPECT_EQ(load("app: { image: 'shop:1' }\nruntime: { docker: { config: '' } }").runtime.docker.config_file, "");
}

TEST_F(ConfigFile, AProcessNeedsNoImageEngineButACommand) {
  const Config c = load("app: { image: 'shop:1', command: [./serve] }\nruntime: { driver: process }\n");
  EXPECT_EQ(c.runtime.driver, Config::RuntimeDriver::process);
  EXPECT_THAT(c.app.command, ElementsAre("./serve"));
}

TEST_F(ConfigFile, KnowsWhatMustNotBeQuoted) {
  env = {{"PAYMENT_KEY", "sk_live_1"},
         {"REDIS", "redis://:pw-of-redis@cache"},
         {"SMTP", "pw-of-smtp"},
         {"ARG", "pw-of-arg"}};
  write("resend", "re_of_a_file\n");
  const Config c = load(R"(app:
  image: shop:1
  command: [serve, "--token=${ARG}"]
  env:
    PAYMENT_KEY: ${PAYMENT_KEY}
    CACHE: "${REDIS}/0"
    STRIPE_SECRET: literal-secret
    DATABASE_URL: "{{ db.url }}"
    GREETING: hello
mail: { smtp: { user: u, password: "${SMTP}" }, resend: { api_key: "file:resend" } }
database: { url: "postgres://me:pw-of-admin@db.example/x" }
)");
  std::vector<std::string> secrets;
  for (const Secret& secret : c.secrets) secrets.push_back(secret.reveal());
  EXPECT_THAT(secrets, testing::UnorderedElementsAre("sk_live_1", "redis://:pw-of-redis@cache", "pw-of-smtp",
                                                     "pw-of-arg", "literal-secret", "re_of_a_file",
                                                     "postgres://me:pw-of-admin@db.example/x"));
  const Settings settings = settings_of(c, "");
  EXPECT_EQ(settings.secrets("pw-of-admin, pw-of-redis, pw-of-arg and hello"), "***, ***, *** and hello");
}

using FindServer = test::ConfigFolder;

TEST_F(FindServer, TakesTheFirstOfOptionEnvironmentAndFile) {
  const std::string file = write("slipway.yaml", "data_dir: state\napp: { port: nonsense, key: '${UNSET}' }\n");
  // The file's other errors, and secrets that this shell does not have, are none of a client's business.
  EXPECT_EQ(find_server("", file, lookup()).url, "unix://" + (folder / "state/slipway.sock").string());
  write("slipway.yaml", "api: { socket: /run/s.sock }\n");
  env["SLIPWAY_CONFIG"] = file;
  EXPECT_EQ(find_server("", "", lookup()).url, "unix:///run/s.sock");
  env["SLIPWAY_SERVER"] = "http://10.0.0.1:8080";
  EXPECT_EQ(find_server("", file, lookup()).url, "http://10.0.0.1:8080");
  EXPECT_EQ(find_server("https://x.example", file, lookup()).url, "https://x.example");
}

TEST_F(FindServer, SaysHowToNameOneWhereThereIsNone) {
  try {
    find_server("", (folder / "none.yaml").string(), lookup());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::invalid);
    EXPECT_THAT(e.message(), testing::AllOf(testing::HasSubstr("none.yaml"), testing::HasSubstr("--server URL")));
  }
}

}  // namespace
}  // namespace slipway
