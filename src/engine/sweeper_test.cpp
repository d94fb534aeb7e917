#include "engine/sweeper.hpp"

#include "engine/test_world.hpp"
#include "tests/fakes/forward.hpp"

namespace slipway {
namespace {

using test::TestWorld;

struct SweepWorld : TestWorld {
  std::vector<TenantId> woken;
  Sweeper sweeper{world, settings, [this](const TenantId& id) { woken.push_back(id); }, Log::silent()};
};

const TenantId nobody("t_00000000000000000000");

TEST(Sweep, FindsNothingInAHealthyWorld) {
  SweepWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  const SweepReport report = w.sweeper.sweep(false);
  EXPECT_TRUE(report.orphans.empty());
  EXPECT_TRUE(report.drifted.empty());
}

TEST(Sweep, RemovesAnOrphanOnlyAfterItsGrace) {
  SweepWorld w;
  const TenantId left = w.sign_up("acme");
  w.settle(left);
  w.tenants.change(left, Action::remove);
  w.settle(left);
  w.database.ensure(left, Plan{});
  w.runtime.add_orphan({"container", resource_name(w.store.installation(), left), left});
  EXPECT_EQ(w.sweeper.sweep(false).orphans.size(), 3u);  // container, database, role
  w.clock.advance(w.settings.orphan_grace - Millis(1));
  w.sweeper.sweep(false);
  EXPECT_TRUE(w.database.exists(left));
  w.clock.advance(Millis(1));
  for (const Orphan& orphan : w.sweeper.sweep(false).orphans) EXPECT_TRUE(orphan.removed) << orphan.resource.kind;
  EXPECT_TRUE(w.database.leaves_nothing(left));
  EXPECT_TRUE(w.runtime.resources().empty());
  EXPECT_TRUE(w.sweeper.sweep(false).orphans.empty());
}

// Two sandboxes of the Lambda sweep one table at once.
TEST(Sweep, NoOtherSweepTakesOrEndsItsHoldOfATenant) {
  SweepWorld w;
  const TenantId left = w.sign_up("acme");
  w.settle(left);
  w.tenants.change(left, Action::remove);
  w.settle(left);
  w.database.ensure(left, Plan{});

  struct Meanwhile : test::ForwardDatabase {
    using ForwardDatabase::ForwardDatabase;
    void discard(const Resource& resource) override {
      if (then) then();
      ForwardDatabase::discard(resource);
    }
    std::function<void()> then;
  } database(w.database);
  World world = {w.store, w.runtime, database, w.mailer, w.probe, w.clock, w.random};
  Sweeper first(
      world, w.settings, [](const TenantId&) {}, Log::silent());
  first.sweep(false);
  w.sweeper.sweep(false);
  w.clock.advance(w.settings.orphan_grace);
  bool looked = false;
  database.then = [&] {
    looked = true;
    for (const Orphan& orphan : w.sweeper.sweep(false).orphans) EXPECT_FALSE(orphan.removed) << orphan.resource.kind;
    EXPECT_FALSE(w.store.claim(left, {"w1", w.clock.now() + lease_time}, w.clock.now())) << "the hold was ended";
  };
  first.sweep(false);
  EXPECT_TRUE(looked);
}

TEST(Sweep, WhatTheLedgerHasNeverKnownIsHeldUntilAnOperatorSaysOtherwise) {
  SweepWorld w;
  w.database.ensure(nobody, Plan{});
  w.runtime.add_orphan({"container", resource_name(w.store.installation(), nobody), nobody});
  for (int i = 0; i < 3; ++i) {
    const auto orphans = w.sweeper.sweep(false).orphans;
    EXPECT_EQ(orphans.size(), 3u);
    for (const Orphan& orphan : orphans) EXPECT_TRUE(orphan.held && !orphan.removed) << orphan.resource.kind;
    w.clock.advance(w.settings.orphan_grace * 2);
  }
  for (const Orphan& orphan : w.sweeper.sweep(true, Unknown::remove).orphans) EXPECT_FALSE(orphan.removed);
  EXPECT_TRUE(w.database.exists(nobody));
  w.sweeper.sweep(false, Unknown::remove);
  EXPECT_TRUE(w.database.leaves_nothing(nobody));
  EXPECT_TRUE(w.runtime.resources().empty());
}

TEST(Sweep, ADryRunChangesNothing) {
  SweepWorld w;
  w.database.ensure(nobody, Plan{});
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.runtime.kill(id);
  EXPECT_EQ(w.sweeper.sweep(true).orphans.size(), 2u);
  w.clock.advance(w.settings.orphan_grace * 2);
  const SweepReport report = w.sweeper.sweep(true);
  EXPECT_EQ(report.drifted, std::vector{id});
  EXPECT_TRUE(w.woken.empty());
  EXPECT_TRUE(w.database.exists(nobody));
}

TEST(Sweep, WakesTenantsWhoseInstanceIsNotAsItShouldBe) {
  SweepWorld w;
  const TenantId gone = w.sign_up("gone"), ended = w.sign_up("ended"), resting = w.sign_up("resting");
  for (const TenantId& id : {gone, ended, resting}) w.settle(id);
  w.tenants.change(resting, Action::suspend);
  w.settle(resting);
  w.runtime.vanish(gone);
  w.runtime.kill(ended);
  w.sweeper.sweep(false);
  EXPECT_THAT(w.woken, testing::UnorderedElementsAre(gone, ended));
}

// Somebody's late call started it after it had been stopped, and no event told of it.
TEST(Sweep, WakesASuspendedTenantThatRuns) {
  SweepWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.tenants.change(id, Action::suspend);
  w.settle(id);
  w.runtime.start(id, 1);
  EXPECT_EQ(w.sweeper.sweep(false).drifted, std::vector{id});
  w.settle(id);
  EXPECT_EQ(w.runtime.inspect(id)->state, InstanceState::exited);
  EXPECT_EQ(w.tenant(id).status, Status::suspended);
}

struct OrphanOfADeletedTenant : SweepWorld {
  TenantId id = sign_up("acme");
  OrphanOfADeletedTenant() {
    settle(id);
    tenants.change(id, Action::remove);
    settle(id);
    database.ensure(id, Plan{});
    sweeper.sweep(false);
    clock.advance(settings.orphan_grace);
  }
  bool claimed_by_a_worker() { return store.claim(id, {"w1", clock.now() + lease_time}, clock.now()).has_value(); }
};

// What is being taken away may be what a retry is about to use.
TEST(Sweep, NobodyWorksOnTheTenantWhileItsOrphanIsRemoved) {
  OrphanOfADeletedTenant w;
  unsigned asked = 0;
  w.database.before_each([&](test::FakeDatabase::Call call, const TenantId&) {
    if (call != test::FakeDatabase::Call::discard) return;
    ++asked;
    EXPECT_FALSE(w.claimed_by_a_worker());
  });
  w.database.fail_next(test::FakeDatabase::Call::discard, 1);
  w.sweeper.sweep(false);
  EXPECT_EQ(asked, 2u);  // database and role
  EXPECT_TRUE(w.claimed_by_a_worker());
}

TEST(Sweep, AnOrphanWhoseTenantIsWorkedOnWaits) {
  OrphanOfADeletedTenant w;
  EXPECT_TRUE(w.claimed_by_a_worker());
  w.sweeper.sweep(false);
  EXPECT_TRUE(w.database.exists(w.id));
  w.clock.advance(lease_time);
  w.sweeper.sweep(false);
  EXPECT_TRUE(w.database.leaves_nothing(w.id));
}

// It was failed when the sweep read the ledger, and is provisioned anew when the sweep comes to its orphan.
TEST(Sweep, TakesNothingOfATenantThatIsTriedAgain) {
  struct RetriesMeanwhile : test::ForwardStore {
    using ForwardStore::ForwardStore;
    std::optional<Tenant> find(const TenantId& id) override {
      auto row = real_.find(id);
      if (retry) std::exchange(retry, nullptr)();
      return row;
    }
    std::function<void()> retry;
  };
  SweepWorld w;
  RetriesMeanwhile store(w.store);
  const World world{store, w.runtime, w.database, w.mailer, w.probe, w.clock, w.random};
  Sweeper sweeper(
      world, w.settings, [](const TenantId&) {}, Log::silent());
  w.runtime.remove_image("shop:1");
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.database.ensure(id, Plan{});
  sweeper.sweep(false);
  w.clock.advance(w.settings.orphan_grace);
  store.retry = [&] { w.tenants.change(id, Action::retry); };
  sweeper.sweep(false);
  EXPECT_TRUE(w.database.exists(id));
  EXPECT_TRUE(w.store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now()));
}

// A ledger may be large: rows are read only of tenants that something is wrong with or that the world knows.
TEST(Sweep, ReadsTheRowsOfFewTenants) {
  struct CountingStore : test::MemoryStore {
    using MemoryStore::MemoryStore;
    std::optional<Tenant> find(const TenantId& id) override {
      ++rows;
      return MemoryStore::find(id);
    }
    std::vector<Tenant> list(const TenantFilter& filter) override {
      auto page = MemoryStore::list(filter);
      rows += page.size();
      return page;
    }
    std::vector<TenantId> ids(Status status, const std::string& after, std::size_t limit) override {
      const auto found = MemoryStore::ids(status, after, limit);
      rows -= found.size();  // the fake lists; a real ledger has an index
      return found;
    }
    std::size_t rows = 0;
  };
  SweepWorld w;
  CountingStore store(Port(30'000), Port(31'000));
  World world = w.world;
  Sweeper sweeper(
      World{store, world.runtime, world.database, world.mailer, world.probe, world.clock, world.random}, w.settings,
      [&](const TenantId& id) { w.woken.push_back(id); }, Log::silent());
  for (int n = 0; n < 100; ++n) {
    NewTenant wanted;
    const std::string digits = std::to_string(100 + n);
    wanted.tenant.id = TenantId("t_00000000000000000" + digits);
    wanted.tenant.sign_up = TestWorld::sign_up_of("many-" + digits);
    auto tenant = std::get<Created>(store.sign_up(wanted, w.clock.now())).tenant;
    tenant.status = Status::suspended;
    tenant.desired = Desired::suspended;
    ASSERT_TRUE(store.save(tenant, {}, std::nullopt));
  }
  store.rows = 0;
  EXPECT_TRUE(sweeper.sweep(false).drifted.empty());
  EXPECT_EQ(store.rows, 0u);
}

TEST(Sweep, WhatIsLeftOfADeletedTenantIsAnOrphan) {
  SweepWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.tenants.change(id, Action::remove);
  w.settle(id);
  w.database.ensure(id, Plan{});
  w.sweeper.sweep(false);
  w.clock.advance(w.settings.orphan_grace);
  w.sweeper.sweep(false);
  EXPECT_TRUE(w.database.leaves_nothing(id));
}

}  // namespace
}  // namespace slipway
