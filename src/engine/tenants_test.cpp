#include "engine/tenants.hpp"

#include "base/error.hpp"
#include "engine/test_world.hpp"
#include "tests/fakes/forward.hpp"

namespace slipway {
namespace {

using test::expect_active_once;
using test::FakeDatabase;
using test::RuntimeCall;
using test::TestWorld;

TEST(Requests, SuspendKeepsDataAndResumeBringsTheSameUrl) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.tenants.change(id, Action::suspend);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::suspended);
  EXPECT_EQ(w.runtime.listener(Port(20'000)), std::nullopt);
  EXPECT_TRUE(w.database.exists(id));
  w.tenants.change(id, Action::resume);
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.tenant(id).port, Port(20'000));
}

// A runtime that says it has stopped what goes on running is asked again, and not without a pause.
TEST(Requests, AStopThatHadNoEffectIsRepeatedAtAPace) {
  struct Deaf : test::ForwardRuntime {
    using ForwardRuntime::ForwardRuntime;
    void stop(const TenantId&, Millis) override { ++stops; }
    unsigned stops = 0;
  };
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  Deaf deaf(w.runtime);
  const World world{w.store, deaf, w.database, w.mailer, w.probe, w.clock, w.random};
  Reconciler reconciler(world, w.settings, w.watch, Log::silent());
  w.tenants.change(id, Action::suspend);
  auto tenant = w.store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now());
  const auto outcome = reconciler.reconcile(*tenant, "w1");
  EXPECT_LE(deaf.stops, 3u);
  ASSERT_TRUE(outcome.again);
  EXPECT_GE(*outcome.again, w.clock.now() + Millis(1'000));
}

TEST(Requests, RestartRestartsOnceEach) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.tenants.change(id, Action::restart);
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.runtime.starts(id), 2u);
  EXPECT_EQ(w.tenant(id).crashes, 0u);
}

TEST(Requests, DeleteLeavesOnlyATombstone) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.tenants.change(id, Action::remove);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::deleted);
  EXPECT_TRUE(w.nothing_left(id));
  for (const Action late : {Action::resume, Action::restart, Action::retry, Action::suspend}) {
    EXPECT_THROW(w.tenants.change(id, late), Error);
  }
  w.look(id);
  EXPECT_TRUE(w.nothing_left(id));
}

TEST(Requests, DeleteInTheMiddleOfAProvisioningLeavesNothing) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.probe.never_ready(id);
  w.settle(id, Millis(2'000));
  w.tenants.change(id, Action::remove);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::deleted);
  EXPECT_TRUE(w.nothing_left(id));
  EXPECT_EQ(w.mailer.count(), 0u);
}

TEST(Requests, DeleteNeverGivesUp) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.tenants.change(id, Action::remove);
  w.runtime.fail_next(RuntimeCall::remove, Error(ErrorKind::unavailable, "docker: not reachable"), 50);
  w.database.fail_next(FakeDatabase::Call::drop, 50, ErrorKind::forbidden);
  w.settle(id, Millis(24 * 3'600'000));
  EXPECT_EQ(w.tenant(id).status, Status::deleted);
  EXPECT_TRUE(w.nothing_left(id));
}

TEST(Requests, RetryOfAFailedOneStartsFromTheBeginning) {
  TestWorld w;
  const TenantId id = w.sign_up_to_be_retried("acme");
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active) << w.tenant(id).reason;
  EXPECT_TRUE(w.mailer.find(id.value() + "/welcome/1").has_value());
  EXPECT_TRUE(w.database.exists(id));
}

TEST(Requests, AWriteDuringAStepIsNotLost) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  bool done = false;
  w.database.before_each([&](FakeDatabase::Call call, const TenantId&) {
    if (call != FakeDatabase::Call::ensure || done) return;
    done = true;
    w.tenants.change(id, Action::suspend);
  });
  w.look(id);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::suspended);
  EXPECT_EQ(w.runtime.listener(Port(20'000)), std::nullopt);
  EXPECT_TRUE(w.database.exists(id));
}

TEST(Leases, TwoWorkersNeverWorkOnOneTenant) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  auto first = w.store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now());
  ASSERT_TRUE(first);
  w.look(id, "w2");
  EXPECT_TRUE(w.runtime.instances().empty());
  w.clock.advance(lease_time);
  w.look(id, "w2");
  expect_active_once(w, id);
  // The first one wakes up again: its row is old, so it writes nothing and makes nothing twice.
  w.reconciler.reconcile(*first, "w1");
  expect_active_once(w, id);
  EXPECT_EQ(w.runtime.starts(id), 1u);
}

TEST(SignUps, ReservedNamesAndUnknownPlansAreRefused) {
  TestWorld w;
  EXPECT_THROW(w.tenants.sign_up(TestWorld::sign_up_of("www"), {}, "h"), Error);
  SignUp request = TestWorld::sign_up_of("acme");
  request.plan = PlanName("gold");
  EXPECT_THROW(w.tenants.sign_up(request, {}, "h"), Error);
  EXPECT_TRUE(w.store.list({}).empty());
}

TEST(SignUps, WithoutAUserGetOne) {
  TestWorld w;
  SignUp request = TestWorld::sign_up_of("acme");
  request.user_id = UserId();
  const Tenant t = std::get<Created>(w.tenants.sign_up(request, {}, "h")).tenant;
  EXPECT_THAT(t.sign_up.user_id.value(), testing::StartsWith("u_"));
}

}  // namespace
}  // namespace slipway
