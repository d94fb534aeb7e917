// The engine with its real threads and the real clock, over fakes.
#include "engine/engine.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/error.hpp"
#include "engine/test_world.hpp"
#include "tests/fakes/forward.hpp"

namespace slipway {
namespace {

using test::TestWorld;

constexpr auto deadline = std::chrono::seconds(20);

struct RunningWorld {
  explicit RunningWorld(Settings chosen = test::test_settings()) : settings(std::move(chosen)) {
    settings.workers = 4;
    engine = std::make_unique<Engine>(world, settings, "test", &runtime, Log::silent());
    tenants = std::make_unique<Tenants>(world, settings, [this](const TenantId& id) { engine->wake(id); });
  }

  TenantId sign_up(const std::string& slug) {
    return std::get<Created>(tenants->sign_up(TestWorld::sign_up_of(slug), {}, "hash")).tenant.id;
  }

  // Waits until the tenant is as asked, told of changes by the watch.
  bool wait_until(const TenantId& id, const std::function<bool(const Tenant&)>& is) {
    std::mutex mutex;
    std::condition_variable changed;
    const auto token = engine->watch().on_change(id, [&] {
      std::lock_guard lock(mutex);
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    const auto end = std::chrono::steady_clock::now() + deadline;
    while (!is(store.find(id).value())) {
      if (std::chrono::steady_clock::now() > end) return false;
      changed.wait_for(lock, std::chrono::milliseconds(50));
    }
    return true;
  }

  bool wait_for(const TenantId& id, Status status) {
    return wait_until(id, [status](const Tenant& t) { return t.status == status && !t.due_at; });
  }

  Settings settings;
  SystemClock clock;
  SystemRandom random;
  test::MemoryStore store{Port(20'000), Port(20'199)};
  test::FakeRuntime runtime{store.installation()};
  test::FakeDatabase database{store.installation()};
  test::FakeMailer mailer;
  test::FakeProbe probe{runtime};
  World world{store, runtime, database, mailer, probe, clock, random};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Tenants> tenants;
};

// Also where the database server does not answer at first.
TEST(EngineTest, AStartRenewsWhatAnOlderVersionMade) {
  Settings settings = test::test_settings();
  settings.sweep_interval = Millis(5);
  RunningWorld w(settings);
  w.database.server().roles[resource_name(w.store.installation(), TenantId("t_01jdd2x8k40a1b2c3d4e"))].current = false;
  w.database.fail_next(test::FakeDatabase::Call::renew, 2);
  w.engine->start();
  const auto renewed = [&] {
    std::lock_guard lock(w.database.server().mutex);
    return w.database.server().roles.begin()->second.current;
  };
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!renewed() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_TRUE(renewed());
  w.engine->stop();
}

// Who accepted a sign-up may have died before it woke anybody: its repeat does.
TEST(TenantsTest, ARepeatedSignUpWakesWhatIsDue) {
  TestWorld w;
  std::vector<TenantId> woken;
  Tenants tenants(w.world, w.settings, [&](const TenantId& id) { woken.push_back(id); });
  const SignUp request = TestWorld::sign_up_of("acme");
  const TenantId id = std::get<Created>(tenants.sign_up(request, {}, "hash")).tenant.id;
  ASSERT_TRUE(std::holds_alternative<Existing>(tenants.sign_up(request, {}, "hash")));
  EXPECT_THAT(woken, testing::ElementsAre(id, id));
  w.settle(id);
  woken.clear();
  tenants.sign_up(request, {}, "hash");
  EXPECT_THAT(woken, testing::IsEmpty()) << "there is nothing to do";
}

TEST(Engine, ProvisionsManyAtOnceEachOnce) {
  RunningWorld w;
  w.engine->start();
  std::vector<TenantId> ids;
  for (int i = 0; i < 100; ++i) ids.push_back(w.sign_up("c" + std::to_string(i)));
  for (const TenantId& id : ids) {
    ASSERT_TRUE(w.wait_for(id, Status::active)) << to_string(w.store.find(id)->status);
    EXPECT_EQ(w.runtime.starts(id), 1u);
  }
  EXPECT_EQ(w.mailer.count(), 100u);
  EXPECT_EQ(w.mailer.repeats(), 0u);
}

TEST(Engine, TakesUpWhatAnEarlierProcessLeftUndone) {
  RunningWorld w;
  const TenantId id = w.sign_up("acme");
  w.engine->start();
  EXPECT_TRUE(w.wait_for(id, Status::active));
}

// As after a clock that was set back: a crowd waits for a time that is far away now.
TEST(Engine, AStartWakesAllWhoWaitHoweverManyTheyAre) {
  struct Crowd : test::ForwardStore {
    using ForwardStore::ForwardStore;
    std::vector<TenantId> due(TimePoint now, std::size_t limit) override {
      std::vector<TenantId> ids;
      for (int i = 0; !told && i < 120'000; ++i) ids.emplace_back("t_0000000000000" + std::to_string(1'000'000 + i));
      told = true;
      for (const TenantId& id : ForwardStore::due(now, limit)) ids.push_back(id);
      ids.resize(std::min(ids.size(), limit));
      return ids;
    }
    std::atomic<bool> told = false;
  };
  RunningWorld w;
  const TenantId last = w.sign_up("last");
  Tenant tenant = w.store.find(last).value();
  tenant.due_at = w.clock.now() + std::chrono::hours(24 * 200);
  ASSERT_TRUE(w.store.save(tenant, {}, std::nullopt));
  Crowd crowd(w.store);
  const World world{crowd, w.runtime, w.database, w.mailer, w.probe, w.clock, w.random};
  Engine engine(world, w.settings, "another", nullptr, Log::silent());
  engine.start();
  EXPECT_TRUE(w.wait_for(last, Status::active));
  engine.stop();
}

TEST(Engine, HealsOnTheRuntimesEvent) {
  RunningWorld w;
  w.engine->start();
  const TenantId id = w.sign_up("acme");
  ASSERT_TRUE(w.wait_for(id, Status::active));
  w.runtime.kill(id);
  EXPECT_TRUE(
      w.wait_until(id, [](const Tenant& t) { return t.crashes == 1 && t.status == Status::active && !t.due_at; }));
  EXPECT_EQ(w.runtime.starts(id), 2u);
}

TEST(Engine, TheSweepAtStartFindsWhatDiedMeanwhile) {
  RunningWorld w;
  w.engine->start();
  const TenantId id = w.sign_up("acme");
  ASSERT_TRUE(w.wait_for(id, Status::active));
  w.engine->stop();
  w.runtime.vanish(id);
  Engine again(w.world, w.settings, "again", nullptr, Log::silent());
  again.start();
  EXPECT_TRUE(w.wait_until(
      id, [&](const Tenant& t) { return t.status == Status::active && !t.due_at && w.runtime.creates(id) == 2; }));
}

TEST(Engine, ARequestReachesATenantThatIsStillBooting) {
  RunningWorld w;
  w.engine->start();
  w.database.before_each({});
  const TenantId id = w.sign_up("acme");
  w.probe.never_ready(id);
  ASSERT_TRUE(w.wait_until(id, [](const Tenant& t) { return t.started; }) ||
              w.store.find(id)->status == Status::active);
  w.tenants->change(id, Action::remove);
  EXPECT_TRUE(w.wait_for(id, Status::deleted));
  EXPECT_TRUE(w.database.leaves_nothing(id));
  EXPECT_TRUE(w.runtime.instances().empty());
}

// Whatever a thread meets, also what nobody expects, it goes on, and so does the process.
TEST(Engine, SurvivesWhatIsThrownOnItsThreads) {
  struct BrokenEvents : RuntimeEvents {
    void watch(const std::function<void(const TenantId&)>&, const std::function<void()>&, std::stop_token) override {
      ++watches;
      throw std::filesystem::filesystem_error("not an Error of ours", std::error_code());
    }
    std::atomic<int> watches = 0;
  } broken;
  struct BrokenStore : test::ForwardStore {
    using ForwardStore::ForwardStore;
    std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) override {
      if (failures > 0 && failures-- % 2 == 0) throw std::out_of_range("stoi");
      if (failures > 0) throw 7;
      return ForwardStore::claim(id, lease, now);
    }
    std::vector<TenantId> due(TimePoint now, std::size_t limit) override {
      if (pumps++ < 3) throw std::bad_alloc();
      return ForwardStore::due(now, limit);
    }
    std::atomic<int> failures = 4;
    std::atomic<int> pumps = 0;
  };
  RunningWorld w;
  BrokenStore store(w.store);
  World world{store, w.runtime, w.database, w.mailer, w.probe, w.clock, w.random};
  Engine engine(world, w.settings, "test", &broken, Log::silent());
  engine.start();
  const TenantId id = w.sign_up("acme");
  engine.wake(id);
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (w.store.find(id)->status != Status::active || broken.watches < 2) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << to_string(w.store.find(id)->status);
    std::this_thread::yield();
  }
  engine.stop();
}

TEST(InThreads, RunsEveryTaskAndThrowsWhatOneOfThemThrew) {
  std::atomic<int> ran = 0;
  const auto good = [&] { ++ran; };
  const auto bad = [&] {
    ++ran;
    throw std::out_of_range("stoi");
  };
  EXPECT_THROW(in_threads({good, bad, good}), std::out_of_range);
  EXPECT_EQ(ran, 3);
}

TEST(Engine, TwoProcessesOnOneLedgerShareTheWork) {
  RunningWorld w;
  Engine other(w.world, w.settings, "other", nullptr, Log::silent());
  w.engine->start();
  other.start();
  std::vector<TenantId> ids;
  for (int i = 0; i < 60; ++i) {
    ids.push_back(w.sign_up("c" + std::to_string(i)));
    other.wake(ids.back());
  }
  for (const TenantId& id : ids) {
    EXPECT_TRUE(w.wait_for(id, Status::active));
    EXPECT_EQ(w.runtime.starts(id), 1u);
    EXPECT_EQ(w.runtime.creates(id), 1u);
  }
  EXPECT_EQ(w.mailer.count(), 60u);
  EXPECT_EQ(w.mailer.repeats(), 0u);
}

TEST(Engine, StopsWhileWorkIsPendingAndGivesTheLeasesBack) {
  RunningWorld w;
  w.engine->start();
  const TenantId id = w.sign_up("acme");
  w.probe.never_ready(id);
  w.wait_until(id, [](const Tenant& t) { return t.started; });
  w.engine->stop();
  const TimePoint now = w.clock.now();
  EXPECT_TRUE(w.store.claim(id, {"next", now + lease_time}, now).has_value());
}

}  // namespace
}  // namespace slipway
