#include "config/show.hpp"

#include <gmock/gmock.h>

#include "config/testing.hpp"

namespace slipway {
namespace {

class ConfigShow : public test::ConfigFolder {
 protected:
  // "value from FROM" of each key.
  std::map<std::string, std::string> shown(const std::string& text) const {
    std::map<std::string, std::string> found;
    for (const ShownKey& key : effective_config(write("slipway.yaml", text), lookup())) {
      EXPECT_TRUE(found.emplace(key.key, key.value + " from " + key.from).second) << key.key << " is shown twice";
    }
    return found;
  }
};

TEST_F(ConfigShow, TellsWhereEachValueComesFrom) {
  env["PORT"] = "3000";
  auto keys = shown(
      "app:\n  image: shop:1\n  port: ${PORT}\n  volumes:\n    - { name: data, path: /data }\n"
      "plans:\n  default: { memory: 128MiB }\n  large: { cpus: 2 }\n"
      "limits: { workers: ~, reserved_subdomains: [www, api] }\n");
  EXPECT_EQ(keys["app.image"], "shop:1 from line 2");
  EXPECT_EQ(keys["app.port"], "3000 from line 3, environment PORT");
  EXPECT_EQ(keys["app.health.path"], "/ from default");
  EXPECT_EQ(keys["app.volumes[0].path"], "/data from line 5");
  EXPECT_EQ(keys["plans.default.memory"], "128MiB from line 7");
  EXPECT_EQ(keys["plans.large.memory"], "128MiB from plans.default");
  EXPECT_EQ(keys["plans.large.cpus"], "2 from line 8");
  EXPECT_EQ(keys["plans.large.pids"], "256 from default");
  EXPECT_EQ(keys["limits.workers"], "8 from default");
  EXPECT_EQ(keys["limits.reserved_subdomains"], "[www, api] from line 9");
  EXPECT_EQ(keys["data_dir"], (folder / "slipway-data").string() + " from default");
  EXPECT_EQ(keys["api.socket"], (folder / "slipway-data/slipway.sock").string() + " from default");
  EXPECT_FALSE(keys.contains("database.url"));
}

TEST_F(ConfigShow, NeverShowsASecret) {
  env["SECRET"] = "hunter2hunter2";
  write("key", "hunter2hunter2\n");
  auto keys = shown(
      "app:\n  image: shop:1\n  name: x${SECRET}\n  command: [run, '${SECRET}']\n"
      "  env: { A: hunter2hunter2, B: '${SECRET}', C: '{{ db.url }}?k=${SECRET}' }\n"
      "database: { url: 'postgresql://a:hunter2hunter2@h/d' }\n"
      "mail:\n  from: a@b.example\n  driver: resend\n  resend: { api_key: file:key }\n"
      "  smtp: { host: h, user: u, password: '${SECRET}' }\n");
  for (const auto& [key, value] : keys) EXPECT_THAT(value, testing::Not(testing::HasSubstr("hunter2"))) << key;
  EXPECT_EQ(keys["database.url"], "*** from line 6");
  EXPECT_EQ(keys["mail.smtp.password"], "*** from line 11, environment SECRET");
  EXPECT_EQ(keys["app.env.A"], "*** from line 5");
  EXPECT_EQ(keys["app.env.C"], "{{ db.url }}?k=${SECRET} from line 5, environment SECRET");
  EXPECT_EQ(keys["app.command"], "[run, ${SECRET}] from line 4, environment SECRET");
}

TEST_F(ConfigShow, ShowsNothingOfAFileThatIsWrong) { EXPECT_THROW(shown("app: { image: shop:1, port: 0 }"), Error); }

}  // namespace
}  // namespace slipway
