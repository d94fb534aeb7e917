#include <gmock/gmock.h>

#include "config/testing.hpp"
#include "config/yaml.hpp"

namespace slipway {
namespace {

using ConfigErrors = test::ConfigFolder;

struct Bad {
  std::string yaml;       // what follows "app: { image: shop:1 }" in line 1, or the whole where it begins with '!'
  std::string complaint;  // without the file's name
};

const std::vector<Bad>& bad_ones() {
  static const std::vector<Bad> table = {
      // keys
      {"plan: {}", "2:1: plan: unknown key; did you mean 'plans'?"},
      {"api:\n  lisen: 127.0.0.1:80", "3:3: api.lisen: unknown key; did you mean 'listen'?"},
      {"log:\n  colour: red", "3:3: log.colour: unknown key; known here: format, level"},
      {"log:\n  level: info\n  level: warn", "4:3: log.level: is given twice; the first is in line 3"},
      {"data_dir: /srv/a\ndata_dir: /srv/b", "3:1: data_dir: is given twice; the first is in line 2"},
      {"mail:\n  smtp:\n    pasword: x", "4:5: mail.smtp.pasword: unknown key; did you mean 'password'?"},
      {"plans:\n  default:\n    memroy: 1GiB", "4:5: plans.default.memroy: unknown key; did you mean 'memory'?"},
      {"!app:\n  image: shop:1\n  volumes:\n    - name: data\n      path: /data\n      size: 1GiB",
       "6:7: app.volumes[0].size: unknown key; known here: name, path"},
      // types
      {"api: 127.0.0.1:8080", "2:6: api: must be a map of keys, not a single value"},
      {"log: [info]", "2:6: log: must be a map of keys, not a list"},
      {"log: { level: [info] }", "2:15: log.level: must be a single value, not a list"},
      {"limits: { reserved_subdomains: www }",
       "2:32: limits.reserved_subdomains: must be a list such as [a, b], not a single value"},
      {"!app: { image: 'shop:1', command: serve --all }",
       "1:34: app.command: must be a list such as [a, b], not a single value"},
      {"!app: { image: 'shop:1', volumes: { data: /data } }", "1:34: app.volumes: must be a list of maps, not a map"},
      {"!app: { image: 'shop:1', read_only: yes }", "1:36: app.read_only: 'yes' must be true or false"},
      {"!app: { image: 'shop:1', env: { A: [1] } }", "1:35: app.env.A: must be a single value, not a list"},
      {"!app:\n  image: shop:1\n  env:\n    A:",
       "4:5: app.env.A: must be a single value, not nothing; write \"\" for an empty one"},
      // app
      {"!app: { name: Shop }", "1:6: app.image: is missing: the image that every customer gets, such as shop:1.4"},
      {"!app: { image: https://hub.example/shop }",
       "1:15: app.image: 'https://hub.example/shop' is an address, not an image; leave out what ends in ://"},
      {"!app: { image: hub.example/Shop }",
       "1:15: app.image: 'hub.example/Shop' is not an image: its repository must be lower-case letters, digits and . _ "
       "- / , "
       "such as team/shop"},
      {"!app: { image: 'shop:a;b' }",
       "1:15: app.image: 'shop:a;b' is not an image: its tag must be 1 to 128 letters, digits and . _ -"},
      {"!app: { image: 'shop@sha256:12' }",
       "1:15: app.image: 'shop@sha256:12' is not an image: its digest must look like sha256: and 64 hexadecimal "
       "digits"},
      {"!app: { image: 'hub example/shop' }",
       "1:15: app.image: 'hub example/shop' is not an image: its repository must be lower-case letters, digits and . _ "
       "- / "
       ", such as team/shop"},
      {"!app: { image: 'shop:1', port: 0 }", "1:31: app.port: '0' is not a port: 1 to 65535"},
      {"!app: { image: 'shop:1', port: 65536 }", "1:31: app.port: '65536' is not a port: 1 to 65535"},
      {"!app: { image: 'shop:1', port: http }", "1:31: app.port: 'http' is not a port: 1 to 65535"},
      {"!app: { image: 'shop:1', health: { path: healthz } }",
       "1:41: app.health.path: 'healthz' must begin with /, such as /healthz"},
      {"!app: { image: 'shop:1', start_timeout: 60 }",
       "1:40: app.start_timeout: '60' needs a unit: ms, s, m, h or d, such as 30s"},
      {"!app: { image: 'shop:1', start_timeout: 1 minute }",
       "1:40: app.start_timeout: '1 minute' is not a duration such as 500ms, 30s, 5m, 1h or 2d"},
      {"!app: { image: 'shop:1', stop_timeout: 0s }", "1:39: app.stop_timeout: '0s' must be longer than 0"},
      {"!app: { image: 'shop:1', stop_timeout: 367d }", "1:39: app.stop_timeout: '367d' is longer than 366d"},
      {"!app: { image: 'shop:1', env: { 2FA: x } }",
       "1:32: app.env.2FA: '2FA' is not a variable's name: letters, digits and _, not beginning with a digit"},
      {"!app: { image: 'shop:1', env: { U: '{{ db.uri }}' } }",
       "1:35: app.env.U: '{{ db.uri }}' is not a template: unknown name 'db.uri'; did you mean 'db.url'?"},
      {"!app: { image: 'shop:1', env: { U: '{{ db.url' } }",
       "1:35: app.env.U: '{{ db.url' is not a template: '{{' is never closed by '}}' in '{{ db.url'"},
      {"!app: { image: 'shop:1', volumes: [ { name: data, path: data } ] }",
       "1:56: app.volumes[0].path: 'data' must be absolute, such as /data"},
      {"!app: { image: 'shop:1', volumes: [ { name: data, path: / } ] }",
       "1:56: app.volumes[0].path: '/' is the container's root, which cannot be a volume"},
      {"!app: { image: 'shop:1', volumes: [ { name: Data, path: /data } ] }",
       "1:44: app.volumes[0].name: 'Data' is not a name: 1 to 63 of a-z, 0-9, _ and -, beginning with a letter or "
       "digit"},
      {"!app: { image: 'shop:1', volumes: [ { name: a, path: /a }, { name: a, path: /b } ] }",
       "1:67: app.volumes[1].name: another volume has this name"},
      {"!app: { image: 'shop:1', volumes: [ { path: /a } ] }",
       "1:36: app.volumes[0].name: is missing: each volume needs a name of its own, such as data"},
      {"!app: { image: 'shop:1', capabilities: [CAP_CHOWN] }",
       "1:40: app.capabilities[0]: 'CAP_CHOWN' is not a Linux capability; did you mean 'CHOWN'?"},
      // plans
      {"plans: { default: { memory: 5MiB } }",
       "2:29: plans.default.memory: '5MiB' is less than 6MiB, the least that Docker takes"},
      {"plans: { default: { memory: 256MB } }",
       "2:29: plans.default.memory: '256MB' is not a size such as 256MiB, 1GiB or 512M (units: B, KiB, MiB, GiB, TiB)"},
      {"plans: { default: { memory: 256 } }",
       "2:29: plans.default.memory: '256' needs a unit: KiB, MiB or GiB, such as 256MiB"},
      {"plans: { default: { cpus: 0 } }", "2:27: plans.default.cpus: '0' is not a number from 0.01 to 1024"},
      {"plans: { default: { pids: 0.5 } }", "2:27: plans.default.pids: '0.5' is not a whole number from 1 to 4194304"},
      {"plans: { Big: { memory: 1GiB } }",
       "2:10: plans.Big: 'Big' is not a plan's name: 1 to 63 of a-z, 0-9 and inner hyphens"},
      // access
      {"access: { domain: example.com }", "2:19: access.domain: 'example.com' must be sslip.io or localhost"},
      {"access: { domain: sslip }", "2:19: access.domain: 'sslip' must be sslip.io or localhost"},
      {"access: { address: 203.0.113 }",
       "2:20: access.address: '203.0.113' is not an IPv4 address such as 203.0.113.9"},
      {"access: { ports: 29999-20000 }",
       "2:18: access.ports: '29999-20000' is the wrong way round; did you mean 20000-29999?"},
      {"access: { ports: 60000-70000 }",
       "2:18: access.ports: '60000-70000' goes beyond the ports that there are: 1 to 65535"},
      {"access: { ports: 20000 }", "2:18: access.ports: '20000' is not a port range such as 20000-29999"},
      {"access: { ports: 8000-9000 }", "2:18: access.ports: holds port 8080, on which api.listen listens"},
      {"access: { ports: 5000-6000 }", "2:18: access.ports: holds port 5433, which database.managed uses"},
      // runtime and database
      {"runtime: { driver: dokcer }",
       "2:20: runtime.driver: 'dokcer' must be auto, docker or process; did you mean 'docker'?"},
      {"runtime: { driver: process }",
       "2:20: runtime.driver: process needs app.command: without a container engine there is no image to take it from"},
      {"runtime: { docker: { host: /var/run/docker.sock } }",
       "2:28: runtime.docker.host: '/var/run/docker.sock' is not an address of Docker such as "
       "unix:///var/run/docker.sock or tcp://10.0.0.5:2376"},
      {"runtime: { docker: { subnet: 172.30.0.0 } }",
       "2:30: runtime.docker.subnet: '172.30.0.0' is not an IPv4 subnet such as 172.30.0.0/16"},
      {"runtime: { docker: { host: 'tcp://h:2376', ca_file: nowhere.pem } }",
       "2:53: runtime.docker.ca_file: there is no FOLDER/nowhere.pem"},
      {"runtime: { docker: { host: 'tcp://h:2376', cert_file: slipway.yaml } }",
       "2:55: runtime.docker.cert_file: cert_file and key_file are given together or not at all"},
      {"runtime: { docker: { cert_file: '', key_file: '', ca_file: slipway.yaml } }",
       "2:20: runtime.docker.host: is not reached over TLS, but ca_file or cert_file are given; use tcp:// or "
       "https://"},
      {"database: { url: 'hunter2@host' }",
       "2:18: database.url: its value must be a URL such as postgresql://admin:PASSWORD@127.0.0.1:5432/postgres"},
      {"database: { url: 'postgresql://a:b@c/d', managed: { port: 5500 } }",
       "2:51: database.managed: is for a server that Slipway runs itself; with 'url' there is none"},
      // mail
      {"mail: { from: Shop }", "2:15: mail.from: 'Shop' must be an e-mail address such as ann@example.com"},
      {"mail: { from: 'Shop <hello@shop>' }",
       "2:15: mail.from: 'Shop <hello@shop>' must have a domain such as example.com after the @"},
      {"mail: { language: fr }", "2:19: mail.language: 'fr' must be en or vi"},
      {"mail: { driver: smtp, from: a@b.example }",
       "2:7: mail.smtp.host: is missing: mail.driver is smtp, which needs a server"},
      {"mail: { driver: resend, from: a@b.example }",
       "2:7: mail.resend.api_key: is missing: mail.driver is resend, which needs one; best as file:PATH or ${NAME}"},
      {"mail: { driver: resend, resend: { api_key: k } }",
       "2:7: mail.from: is missing: the sender of every mail, such as Shop <hello@shop.example>"},
      {"mail: { smtp: { host: h, user: u } }",
       "2:32: mail.smtp.user: user and password are given together or not at all"},
      {"mail: { smtp: { host: h, user: u, password: '${UNSET}' } }",
       "2:45: mail.smtp.password: needs the environment variable UNSET, which is not set"},
      {"mail: { templates: nowhere }", "2:20: mail.templates: there is no folder FOLDER/nowhere"},
      {"mail: { resend: { endpoint: api.resend.com } }",
       "2:29: mail.resend.endpoint: 'api.resend.com' must begin with https:// and name a host"},
      // aws
      {"aws: { stack: Shop }",
       "2:15: aws.stack: 'Shop' is not a stack's name: up to 32 of a-z, 0-9 and -, beginning with a letter"},
      {"aws: { log_days: 8 }",
       "2:18: aws.log_days: '8' is not what CloudWatch takes: 1, 3, 5, 7, 14, 30, 60, 90, 180, 365, … days"},
      {"aws: { database: { volume: 1500MiB } }",
       "2:28: aws.database.volume: '1500MiB' is not a whole number of GiB, 1GiB to 1TiB"},
      {"aws: { database: { host: h.example } }",
       "2:26: aws.database.host: host and password of a Postgres of your own are given together or not at all"},
      {"aws: { database: { host: h.example, password: \"\" } }", "2:47: aws.database.password: its value is empty"},
      // api, limits, log
      {"api: { listen: ':8080' }",
       "2:16: api.listen: ':8080' is not an IP address and a port such as 127.0.0.1:8080 or 0.0.0.0:8080"},
      {"api: { listen: '0.0.0.0:80800' }", "2:16: api.listen: '0.0.0.0:80800' is not a port: 1 to 65535"},
      {"limits: { workers: 0 }", "2:20: limits.workers: '0' is not a whole number from 1 to 256"},
      {"limits: { reserved_subdomains: [www, a_b] }",
       "2:38: limits.reserved_subdomains[1]: 'a_b' must be a DNS label: 1 to 63 letters, digits and hyphens, neither "
       "beginning nor ending with a hyphen"},
      {"log: { level: warning }", "2:15: log.level: 'warning' must be debug, info, warn or error"},
      // references
      {"log: { level: '${SLIPWAY_LEVEL}' }",
       "2:15: log.level: needs the environment variable SLIPWAY_LEVEL, which is not set"},
      {"log: { level: '${LEVEL' }", "2:15: log.level: '${' is never closed by '}'; write $$ for a $"},
      {"log: { level: '${a-b}' }", "2:15: log.level: '${' must hold the name of a variable; write $$ for a $"},
      {"log: { level: '${SECRET}' }", "2:15: log.level: the value of ${SECRET} must be debug, info, warn or error"},
      {"database: { url: 'file:missing' }",
       "2:18: database.url: cannot take the secret from its file: no file FOLDER/missing"},
      // not YAML, or not ours
      {"log: { level: info", "2:1: is not valid YAML: end of map flow not found"},
      {"![a, b]", "1:1: must be a map of keys such as 'app:'"},
      {"---\nlog: {}", "3:1: is a second document; there can be one"},
      {"log: { level: \"a\\x1b[31m\" }", "2:15: log.level: 'a?[31m' must be debug, info, warn or error"},
  };
  return table;
}

// yaml-cpp's LoadAll() finds one document after the other here and never gets to the end.
TEST(ConfigYaml, DocumentsWithoutEndAreTheSecondOne) {
  EXPECT_THROW(parse_yaml(", a"), YamlError);
  EXPECT_THROW(parse_yaml("a: 1\n---\n---\n"), YamlError) << "a third, even of nothing, is one too many";
  EXPECT_EQ(parse_yaml("a: 1\n---\n").members.size(), 1u) << "nothing stands behind the line";
}

TEST_F(ConfigErrors, EachNamesPlaceKeyAndRemedy) {
  env["SECRET"] = "s3cr3t";
  for (const Bad& bad : bad_ones()) {
    SCOPED_TRACE(bad.yaml);
    const bool whole = bad.yaml.starts_with('!');
    const std::string text = whole ? bad.yaml.substr(1) : "app: { image: 'shop:1' }\n" + bad.yaml;
    std::string expected = bad.complaint;
    if (const auto at = expected.find("FOLDER/"); at != std::string::npos) expected.erase(at, 7);
    EXPECT_EQ(complaint(text), "slipway.yaml:" + expected);
  }
}

TEST_F(ConfigErrors, AllAreToldAtOnceInTheFilesOrder) {
  const std::string text =
      "log: { level: loud }\n"
      "app: { image: 'shop:1', port: 0, helth: { path: / } }\n"
      "limits: { workers: 0 }\n";
  EXPECT_EQ(complaint(text),
            "slipway.yaml:1:15: log.level: 'loud' must be debug, info, warn or error\n"
            "slipway.yaml:2:31: app.port: '0' is not a port: 1 to 65535\n"
            "slipway.yaml:2:34: app.helth: unknown key; did you mean 'health'?\n"
            "slipway.yaml:3:20: limits.workers: '0' is not a whole number from 1 to 256");
  try {
    load(text);
    FAIL();
  } catch (const Error& e) {
    std::vector<std::string> fields;
    for (const FieldError& f : e.fields()) fields.push_back(f.field);
    EXPECT_THAT(fields, testing::ElementsAre("log.level", "app.port", "app.helth", "limits.workers"));
    EXPECT_THAT(e.fields()[1].message, testing::EndsWith("2:31: app.port: '0' is not a port: 1 to 65535"));
  }
}

TEST_F(ConfigErrors, NeverShowWhatCameFromTheEnvironmentOrASecretsFile) {
  env["SECRET"] = "hunter2hunter2";
  env["BROKEN"] = "hunter2 {{ hunter2";
  write("url", "hunter2hunter2\n");
  const std::string all = complaint(
      "app: { image: 'shop:1', port: '${SECRET}', env: { A: '${BROKEN}', '${SECRET}': x } }\n"
      "mail: { from: '${SECRET}', language: 'x${SECRET}', resend: { api_key: \"hunter2\\nhunter2\" } }\n"
      "database: { url: 'file:url' }\n");
  EXPECT_THAT(all, testing::Not(testing::HasSubstr("hunter2")));
  EXPECT_THAT(all, testing::HasSubstr("app.port: the value of ${SECRET} is not a port"));
  EXPECT_THAT(all, testing::HasSubstr("app.env.A: the value of ${BROKEN} is not a template\n"));
  EXPECT_THAT(all, testing::HasSubstr("mail.resend.api_key: its value must be one line"));
  EXPECT_THAT(all, testing::HasSubstr("database.url: its value must be a URL"));
}

TEST_F(ConfigErrors, AliasesCannotMakeItHugeOrEndless) {
  std::string bomb = "a: &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("b{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  EXPECT_THAT(complaint(bomb), testing::HasSubstr("more values than a configuration can have"));
  EXPECT_THAT(complaint("a: &a [*a]"), testing::HasSubstr("nested deeper"));
  EXPECT_THAT(complaint(std::string(2u << 20, '#')), testing::HasSubstr("is larger than 1048576 bytes"));
}

TEST_F(ConfigErrors, AMissingFileSaysHowToMakeOne) {
  const std::string file = (folder / "slipway.yaml").string();
  try {
    load_config(file, lookup());
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::invalid);
    EXPECT_EQ(e.message(), "no file " + file + "; `slipway init IMAGE` writes one, and --config names another");
  }
}

TEST_F(ConfigErrors, ASocketsPathHasALimit) {
  EXPECT_THAT(complaint("app: { image: 'shop:1' }\ndata_dir: /" + std::string(120, 'd')),
              testing::HasSubstr("is longer than the 107 bytes that a socket's path may have"));
}

}  // namespace
}  // namespace slipway
