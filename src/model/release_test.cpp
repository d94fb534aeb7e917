#include "model/release.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace slipway {
namespace {

AppSpec shop() {
  AppSpec app;
  app.image = "shop:1.4";
  app.command = {"serve", "--key=${KEY}"};
  app.port = 3000;
  app.health_path = "/up";
  app.start_timeout = Millis(90'000);
  app.stop_timeout = Millis(5'000);
  app.env = {{"DATABASE_URL", "{{ db.url }}"}, {"STRIPE_KEY", "${STRIPE_KEY}"}};
  app.volumes = {{"data", "/data"}};
  app.read_only = true;
  app.capabilities = {"CHOWN"};
  return app;
}

TEST(Release, ComesBackFromItsDocumentWhole) {
  const Release release = release_of(shop(), "shop@sha256:12");
  const Release read = release_from_document(to_document(release));
  EXPECT_EQ(read.id, release.id);
  EXPECT_EQ(to_document(read), to_document(release));
  EXPECT_EQ(read.app.env.at(1).value, "${STRIPE_KEY}");
  EXPECT_EQ(read.app.volumes.at(0).path, "/data");
}

TEST(Release, HoldsNoSecretThatTheFileSpellsOut) {
  AppSpec app = shop();
  app.env = {{"API_KEY", "very-secret"},
             {"SMTP", "smtp://me:very-secret@mail"},
             {"MODE", "two"},
             {"DB_PASSWORD", "{{ db.password }}"}};
  const Release release = release_of(app, "shop@sha256:12");
  EXPECT_EQ(to_document(release).find("very-secret"), std::string::npos);
  const Release read = release_from_document(to_document(release));
  EXPECT_EQ(read.id, release.id);
  EXPECT_TRUE(read.app.env[0].todays && read.app.env[1].todays && !read.app.env[2].todays && !read.app.env[3].todays);
  EXPECT_EQ(read.app.env[2].value, "two");
  app.env[0].value = "another";
  EXPECT_EQ(release_of(app, "shop@sha256:12").id, release.id) << "a new secret is no new release";
}

// Whatever differs for a customer makes another release.
TEST(Release, IsNamedByAllThatItHolds) {
  const std::string id = release_of(shop(), "shop@sha256:12").id;
  EXPECT_EQ(release_of(shop(), "shop@sha256:12").id, id);
  EXPECT_NE(release_of(shop(), "shop@sha256:34").id, id);
  const std::vector<void (*)(AppSpec&)> changes = {
      [](AppSpec& app) { app.image = "shop:1.5"; },
      [](AppSpec& app) { app.command.pop_back(); },
      [](AppSpec& app) { app.port = 80; },
      [](AppSpec& app) { app.health_path = "/"; },
      [](AppSpec& app) { app.start_timeout += Millis(1); },
      [](AppSpec& app) { app.stop_timeout += Millis(1); },
      [](AppSpec& app) { app.env[0].value = "x"; },
      [](AppSpec& app) { app.env[0].name = "X"; },
      [](AppSpec& app) { std::swap(app.env[0], app.env[1]); },
      [](AppSpec& app) { app.volumes.clear(); },
      [](AppSpec& app) { app.read_only = false; },
      [](AppSpec& app) { app.capabilities.clear(); },
  };
  for (const auto change : changes) {
    AppSpec app = shop();
    change(app);
    EXPECT_NE(release_of(app, "shop@sha256:12").id, id);
  }
  AppSpec renamed = shop();
  renamed.name = "Shop!";
  EXPECT_EQ(release_of(renamed, "shop@sha256:12").id, id);
}

TEST(Release, OfANewerFormatOrTornIsRefused) {
  EXPECT_THROW(release_from_document(R"({"v": 2})"), Error);
  EXPECT_THROW(release_from_document(R"({"v": 1, "env": [[]]})"), Error);
  EXPECT_THROW(release_from_document("[]"), Error);
}

}  // namespace
}  // namespace slipway
