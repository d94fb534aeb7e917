#include "engine/turns.hpp"

#include "engine/test_world.hpp"

namespace slipway {
namespace {

using test::TestWorld;

struct TurnsTest : testing::Test {
  TestWorld w;
  Turns turns{w.world, w.settings, w.watch, "one", Log::silent()};
  TenantId id = w.sign_up("acme");
};

TEST_F(TurnsTest, ARowThatWasNotBroughtToRestIsGivenBackWithItsTime) {
  w.probe.never_ready(id);
  auto row = turns.claim(id);
  ASSERT_TRUE(row);
  const auto outcome = turns.reconcile(*row);
  ASSERT_TRUE(outcome.lease_kept);
  EXPECT_FALSE(w.store.claim(id, {"other", w.clock.now() + lease_time}, w.clock.now()));
  EXPECT_EQ(turns.give_back(*row, outcome), outcome.again);
  EXPECT_EQ(w.tenant(id).due_at, outcome.again);
  EXPECT_TRUE(w.store.claim(id, {"other", w.clock.now() + lease_time}, w.clock.now()));
}

TEST_F(TurnsTest, WhatWasAskedForDuringATurnIsDueAtOnce) {
  w.probe.never_ready(id);
  auto row = turns.claim(id);
  const auto outcome = turns.reconcile(*row);
  w.clock.advance(Millis(1));
  w.tenants.change(id, Action::suspend);
  EXPECT_EQ(turns.give_back(*row, outcome), w.clock.now());
  EXPECT_EQ(w.tenant(id).desired, Desired::suspended);
  EXPECT_EQ(w.tenant(id).due_at, w.clock.now());
}

TEST_F(TurnsTest, GivingUpEndsAProvisioningAndNothingElse) {
  turns.give_up(id, "five tries");
  EXPECT_EQ(w.tenant(id).failure, "five tries");

  const TenantId active = w.sign_up("active");
  w.settle(active);
  const TenantId suspended = w.sign_up("suspended");
  w.tenants.change(suspended, Action::suspend);
  for (const TenantId& other : {active, suspended}) {
    turns.give_up(other, "five tries");
    EXPECT_EQ(w.tenant(other).failure, "");
    EXPECT_EQ(w.tenant(other).reason, "five tries");
    EXPECT_EQ(w.tenant(other).due_at, w.clock.now()) << "it is looked at again";
  }
}

}  // namespace
}  // namespace slipway
