#include "engine/sweeper.hpp"

#include "engine/test_world.hpp"

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
