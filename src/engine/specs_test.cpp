#include "engine/specs.hpp"

#include "engine/sweeper.hpp"
#include "engine/test_world.hpp"

namespace slipway {
namespace {

using test::TestWorld;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

// One customer, whose app is given a secret of the founder's.
struct Shop : TestWorld {
  std::string key = "first-key";

  Shop() {
    settings.app.env.push_back({"KEY", "${KEY}"});
    settings.app.command = {"serve", "--key=${KEY}"};
    settings.variables = [this](const std::string& name) { return name == "KEY" ? std::optional(key) : std::nullopt; };
    settings.plans["pro"] = Plan{PlanName("pro"), 512u << 20, 1.0, 100, 5, Millis(30'000)};
    id = sign_up_pro("acme");
    settle(id);
    EXPECT_EQ(tenant(id).status, Status::active);
  }

  TenantId sign_up_pro(const std::string& slug) {
    SignUp request = sign_up_of(slug);
    request.plan = PlanName("pro");
    return std::get<Created>(tenants.sign_up(request, {}, "hash")).tenant.id;
  }

  InstanceSpec spec() const { return runtime.spec(id).value(); }

  std::string value_of(const std::string& name) const {
    const InstanceSpec made = spec();
    for (const EnvVar& variable : made.env) {
      if (variable.name == name) return variable.value.reveal();
    }
    return "";
  }

  // What a sweep finds, and what comes of it.
  void sweep() {
    Sweeper(
        world, settings, [this](const TenantId& woken) { settle(woken); }, Log::silent())
        .sweep(false);
  }

  void ask(Action action) {
    tenants.change(id, action);
    settle(id);
    EXPECT_EQ(tenant(id).status, Status::active);
  }

  void make_anew() {
    ASSERT_TRUE(runtime.vanish(id));
    settle(id);
    EXPECT_EQ(tenant(id).status, Status::active);
  }

  TenantId id;
};

void publish_version_two(Shop& w) {
  w.settings.app.image = "shop:2";
  w.settings.app.port = 9'000;
  w.settings.app.health_path = "/v2/healthz";
  w.settings.app.command = {"serve-two"};
  w.settings.app.env = {{"TWO", "2"}};
  w.settings.app.volumes = {{"two", "/two"}};
  w.settings.app.read_only = true;
}

TEST(Releases, ACustomerKeepsTheirsWhateverTheFileSaysNow) {
  Shop w;
  const InstanceSpec before = w.spec();
  publish_version_two(w);
  w.make_anew();
  const InstanceSpec after = w.spec();
  EXPECT_EQ(after.image, "shop:1");
  EXPECT_EQ(after.app_port, before.app_port);
  EXPECT_EQ(after.command, before.command);
  EXPECT_EQ(after.volumes.size(), before.volumes.size());
  EXPECT_FALSE(after.read_only);
  EXPECT_EQ(w.value_of("KEY"), "first-key");
  EXPECT_FALSE(w.tenant(w.id).outdated);

  const TenantId newcomer = w.sign_up("newcomer");
  w.settle(newcomer);
  EXPECT_EQ(w.runtime.spec(newcomer)->image, "shop:2");
  EXPECT_EQ(w.runtime.spec(newcomer)->app_port, 9'000);
  EXPECT_NE(w.tenant(newcomer).release, w.tenant(w.id).release);
}

TEST(Releases, ACustomerIsAskedAtTheirOwnPath) {
  Shop w;
  publish_version_two(w);
  w.probe.never_ready(w.id);
  ASSERT_TRUE(w.runtime.vanish(w.id));
  w.settle(w.id, w.settings.app.start_timeout * 2);
  EXPECT_THAT(w.tenant(w.id).reason, HasSubstr(":20000/healthz within"));
}

TEST(Releases, ATagThatWasPushedAgainIsAnotherRelease) {
  Shop w;
  const std::string release = w.tenant(w.id).release;
  w.runtime.push_image("shop:1");
  w.make_anew();
  EXPECT_EQ(w.spec().image, "shop:1");
  EXPECT_EQ(w.tenant(w.id).release, release);
  const TenantId newcomer = w.sign_up("newcomer");
  w.settle(newcomer);
  EXPECT_EQ(w.runtime.spec(newcomer)->image, "shop:1@1");
  EXPECT_EQ(w.runtime.spec(newcomer)->image_name, "shop:1");
}

TEST(Releases, CustomersOfTheSameAppShareOne) {
  Shop w;
  const TenantId other = w.sign_up("other");
  w.settle(other);
  EXPECT_EQ(w.tenant(other).release, w.tenant(w.id).release);
  EXPECT_EQ(w.store.objects("release", "", 10).size(), 1u);
}

TEST(Releases, UntilACustomerWasReadyWhatTheFileSaysNowIsTheirs) {
  TestWorld w;
  const TenantId id = w.sign_up_to_be_retried("acme");
  w.settings.app.port = 9'000;
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_EQ(w.runtime.spec(id)->app_port, 9'000);
}

TEST(Releases, HoldNoSecretOfTheFoundersAndTakeTheNewOne) {
  Shop w;
  const auto kept = w.store.objects("release", "", 10);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_THAT(kept[0].document, HasSubstr("${KEY}"));
  EXPECT_THAT(kept[0].document, Not(HasSubstr("first-key")));
  EXPECT_THAT(to_document(w.tenant(w.id)), Not(HasSubstr("first-key")));

  w.key = "second-key";
  w.sweep();
  EXPECT_TRUE(w.tenant(w.id).outdated);
  EXPECT_EQ(w.runtime.starts(w.id), 1u) << "nobody is restarted for it";
  w.ask(Action::apply);
  EXPECT_EQ(w.value_of("KEY"), "second-key");
  EXPECT_THAT(w.spec().command, Contains("--key=second-key"));
  EXPECT_FALSE(w.tenant(w.id).outdated);
  EXPECT_EQ(w.runtime.creates(w.id), 2u);
}

TEST(Releases, TakeASecretThatTheFileSpellsOutFromThere) {
  TestWorld w;
  w.settings.app.env = {{"API_TOKEN", "before"}, {"MODE", "one"}};
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.settings.app.env = {{"API_TOKEN", "after"}, {"MODE", "two"}};
  ASSERT_TRUE(w.runtime.vanish(id));
  w.settle(id);
  const auto env = w.runtime.spec(id)->env;
  EXPECT_EQ(env.at(0).value.reveal(), "after");
  EXPECT_EQ(env.at(1).value.reveal(), "one");
  w.settings.app.env = {};
  ASSERT_TRUE(w.runtime.vanish(id));
  w.settle(id);
  EXPECT_THAT(w.tenant(id).reason, HasSubstr("app.env.API_TOKEN")) << "it is not started without";
}

TEST(Drift, IsMendedByAnyNewStart) {
  Shop w;
  w.key = "second-key";
  w.ask(Action::restart);
  EXPECT_EQ(w.value_of("KEY"), "second-key");
  w.key = "third-key";
  w.runtime.kill(w.id);
  w.settle(w.id);
  EXPECT_EQ(w.value_of("KEY"), "third-key");
}

TEST(Drift, ThatCannotBeToldNowIsWhatItWas) {
  Shop w;
  w.key = "second-key";
  w.sweep();
  ASSERT_TRUE(w.tenant(w.id).outdated);
  const auto told = w.timeline(w.id, "progress");
  w.settings.variables = [](const std::string&) { return std::nullopt; };  // the environment lacks ${KEY}
  w.sweep();
  w.look(w.id);
  EXPECT_TRUE(w.tenant(w.id).outdated);
  EXPECT_EQ(w.timeline(w.id, "progress"), told) << "and is told once";
}

TEST(Drift, WhereThereIsNoneNothingIsRestartedOrMadeAnew) {
  Shop w;
  w.sweep();
  w.ask(Action::apply);
  EXPECT_EQ(w.runtime.starts(w.id), 1u);
  w.ask(Action::restart);
  EXPECT_EQ(w.runtime.creates(w.id), 1u) << "a restart keeps the container, and what is written in it";
}

// EC2 without an elastic address: another one after each stop and start.
TEST(Address, OneThatChangesIsToldAndNotSilentlyAnother) {
  Settings settings = test::test_settings();
  settings.access = {"sslip.io", "203.0.113.9", ""};
  TestWorld w(settings);
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  EXPECT_EQ(w.tenant(id).url, "http://acme.203-0-113-9.sslip.io:20000");
  w.settings.access.address = "198.51.100.4";
  EXPECT_EQ(shown_url(w.settings.access, w.tenant(id)), "http://acme.203-0-113-9.sslip.io:20000");
  std::vector<TenantId> woken;
  Sweeper(
      w.world, w.settings, [&](const TenantId& one) { woken.push_back(one); }, Log::silent())
      .sweep(false);
  ASSERT_EQ(woken, std::vector{id});
  w.settle(id);
  EXPECT_EQ(w.tenant(id).url, "http://acme.198-51-100-4.sslip.io:20000");
  EXPECT_THAT(w.timeline(id, "progress"), Contains(HasSubstr("http://acme.203-0-113-9.sslip.io:20000")));
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_EQ(w.runtime.starts(id), 1u);
}

TEST(Limits, MoreAreGivenAtOnceToWhoeverRuns) {
  Shop w;
  w.settings.plans["pro"].memory_bytes = 1u << 30;
  w.settings.plans["pro"].db_connections = 9;
  w.sweep();
  EXPECT_EQ(w.spec().plan.memory_bytes, 1u << 30);
  EXPECT_EQ(w.runtime.starts(w.id), 1u);
  EXPECT_EQ(w.tenant(w.id).given->db_connections, 9u);
  EXPECT_FALSE(w.tenant(w.id).outdated);
}

TEST(Limits, LessIsTakenWithTheNextStartOnly) {
  Shop w;
  w.settings.plans["pro"].memory_bytes = 64u << 20;
  w.sweep();
  EXPECT_EQ(w.spec().plan.memory_bytes, 512u << 20) << "the app may be using it";
  EXPECT_TRUE(w.tenant(w.id).outdated);
  w.ask(Action::apply);
  EXPECT_EQ(w.spec().plan.memory_bytes, 64u << 20);
  EXPECT_EQ(w.runtime.creates(w.id), 1u);
  EXPECT_FALSE(w.tenant(w.id).outdated);
}

TEST(Limits, APlanThatIsTakenOutOfTheFileBreaksNobody) {
  Shop w;
  w.settings.plans.erase("pro");
  w.make_anew();
  EXPECT_EQ(w.spec().plan.memory_bytes, 512u << 20);
  w.ask(Action::restart);
  EXPECT_FALSE(w.tenant(w.id).outdated);
}

// A customer of a version without releases: nothing is known of what their instance was made from.
TEST(Upgrade, OfAnOlderLedgersCustomersNobodyIsMadeAnewUnasked) {
  Shop w;
  Tenant old = w.tenant(w.id);
  old.release.clear();
  old.fingerprint.clear();
  old.given.reset();
  ASSERT_TRUE(w.store.save(old, {}, std::nullopt));
  publish_version_two(w);
  w.sweep();
  w.ask(Action::restart);
  EXPECT_EQ(w.runtime.creates(w.id), 1u);
  EXPECT_FALSE(w.tenant(w.id).outdated);
  w.make_anew();
  EXPECT_EQ(w.spec().image, "shop:1") << "as they signed up for";
}

TEST(Upgrade, MovesACustomerToTheAppAsItIsConfiguredNow) {
  Shop w;
  publish_version_two(w);
  w.ask(Action::upgrade);
  EXPECT_EQ(w.spec().image, "shop:2");
  EXPECT_EQ(w.spec().app_port, 9'000);
  EXPECT_EQ(w.value_of("TWO"), "2");
  EXPECT_EQ(w.tenant(w.id).image, "shop:2");
  EXPECT_FALSE(w.tenant(w.id).outdated);
}

TEST(Upgrade, ToAnImageThatCannotBeHadLeavesTheCustomerWhatTheyHad) {
  for (const bool from_an_older_ledger : {false, true}) {
    Shop w;
    if (from_an_older_ledger) {
      Tenant old = w.tenant(w.id);
      old.release.clear();
      old.fingerprint.clear();
      ASSERT_TRUE(w.store.save(old, {}, std::nullopt));
    }
    const std::string release = w.tenant(w.id).release;
    publish_version_two(w);
    w.runtime.remove_image("shop:2");
    w.ask(Action::upgrade);
    EXPECT_EQ(w.spec().image, "shop:1");
    EXPECT_EQ(w.tenant(w.id).image, "shop:1");
    EXPECT_EQ(w.tenant(w.id).release, release);
    EXPECT_FALSE(w.tenant(w.id).outdated);
    EXPECT_THAT(w.timeline(w.id, "error"), Contains(HasSubstr("the upgrade has failed")));
    EXPECT_EQ(w.runtime.creates(w.id), 1u);
    w.make_anew();
    EXPECT_EQ(w.spec().image, "shop:1");
  }
}

TEST(Upgrade, OfASuspendedCustomerIsSeenWhenTheyAreResumed) {
  Shop w;
  w.tenants.change(w.id, Action::suspend);
  w.settle(w.id);
  publish_version_two(w);
  w.tenants.change(w.id, Action::upgrade);
  w.settle(w.id);
  EXPECT_EQ(w.tenant(w.id).status, Status::suspended);
  w.ask(Action::resume);
  EXPECT_EQ(w.spec().image, "shop:2");
}

}  // namespace
}  // namespace slipway
