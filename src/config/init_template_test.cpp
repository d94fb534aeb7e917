#include "config/init_template.hpp"

#include <gmock/gmock.h>

#include "config/testing.hpp"

namespace slipway {
namespace {

using InitTemplate = test::ConfigFolder;

TEST_F(InitTemplate, LoadsAsItIs) {
  const Config c = load(init_template("registry.example.com:5000/team/shop:1.4", "", std::nullopt));
  EXPECT_EQ(c.app.image, "registry.example.com:5000/team/shop:1.4");
  EXPECT_EQ(c.app.name, "shop");
  EXPECT_EQ(c.app.port, 8080);
  ASSERT_EQ(c.app.env.size(), 2u);
  EXPECT_EQ(c.app.env[0].name, "DATABASE_URL");
  EXPECT_EQ(c.app.env[0].value, "{{ db.url }}");
  EXPECT_EQ(load(init_template("shop", "", 3000)).app.port, 3000);
}

// The comments promise that what they show is what an absent key means, or at least that it is right.
TEST_F(InitTemplate, LoadsAlsoWithEveryCommentedKeySwitchedOn) {
  const std::string text = init_template("shop:1", "Shop", 8000);
  std::string all;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find('\n', at);
    std::string line = text.substr(at, end - at);
    at = end + 1;
    const auto hash = line.find("# ");
    // A key, or what belongs to one: not a sentence, and not another way to say what stands below it.
    const bool key = hash != std::string::npos && line.find_first_not_of(' ') == hash &&
                     line.find_first_of(":-", hash) != std::string::npos && line.find(". ") == std::string::npos &&
                     line.find("Also:") == std::string::npos && line.find("asyncpg") == std::string::npos &&
                     line.find("http://") == std::string::npos && line.find("db.password.") == std::string::npos &&
                     !line.starts_with("# Slipway") && !line.starts_with("# ${") && !line.starts_with("# Only");
    if (key) line.erase(hash, 2);
    all += line + "\n";
  }
  env["SMTP_PASSWORD"] = "x";
  write("url", "postgresql://a:b@c/d");
  write("key", "re_1");
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"/etc/slipway/database-url", "url"},
                                 std::pair<std::string, std::string>{"/etc/slipway/resend-key", "key"}}) {
    const auto at = all.find(from);
    ASSERT_NE(at, std::string::npos) << all;
    all.replace(at, from.size(), to);
  }
  EXPECT_EQ(complaint(all), "") << all;
  const Config c = load(all);
  EXPECT_EQ(c.app.volumes.size(), 1u);
  EXPECT_EQ(c.plans.at("large").memory_bytes, 1ull << 30);
  EXPECT_EQ(c.mail.resend.api_key.reveal(), "re_1");
  EXPECT_EQ(c.database.url.reveal(), "postgresql://a:b@c/d");
}

TEST_F(InitTemplate, QuotesWhateverNameItIsGiven) {
  for (const std::string name : {"Shop: \"The\" \\ one", "# no comment", "cà phê ${HOME} $$", "yes", "{a}"}) {
    EXPECT_EQ(load(init_template("shop", name, 80)).app.name, name);
  }
}

TEST_F(InitTemplate, RefusesWhatIsNoImage) {
  EXPECT_THROW(init_template("", "", 80), Error);
  EXPECT_THROW(init_template("shop 1", "", 80), Error);
  EXPECT_THROW(init_template("https://x/shop", "", 80), Error);
  EXPECT_THROW(init_template("shop", "a\nb", 80), Error);
}

TEST_F(InitTemplate, DoesNotOverwriteUnlessTold) {
  const std::string file = (folder / "slipway.yaml").string();
  const auto content = [&] {
    std::ifstream in(file);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  write_init_file(file, "first and long\n", false);
  try {
    write_init_file(file, "second\n", false);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::conflict);
    EXPECT_EQ(e.message(), file + " is there already; --force overwrites it");
  }
  EXPECT_EQ(content(), "first and long\n");
  write_init_file(file, "second\n", true);
  EXPECT_EQ(content(), "second\n");
}

}  // namespace
}  // namespace slipway
