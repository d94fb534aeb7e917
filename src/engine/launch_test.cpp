// Runtimes that start and stop when they have time and choose ports themselves, as ECS does.
#include "engine/test_world.hpp"

namespace slipway {
namespace {

using testing::Contains;
using testing::HasSubstr;

Settings learning_settings() {
  Settings s = test::test_settings();
  s.access.domain = "sslip.io";
  s.policy.stable_ports = false;
  return s;
}

class Launch : public testing::Test {
 protected:
  Launch() { w.runtime.take_time("203.0.113.9"); }

  // Provisions a tenant until its instance runs and has answered.
  TenantId ready(const std::string& slug) {
    const TenantId id = w.sign_up(slug);
    w.look(id);
    EXPECT_TRUE(w.runtime.go_on(id));
    w.look(id);
    EXPECT_EQ(w.tenant(id).status, Status::active);
    return id;
  }

  test::TestWorld w{learning_settings(), Port(0), Port(0)};
};

TEST_F(Launch, TheUrlIsLearntOnceItRuns) {
  const TenantId id = w.sign_up("acme");
  EXPECT_EQ(w.tenant(id).port, std::nullopt);
  const auto outcome = w.look(id);
  EXPECT_FALSE(outcome.lease_kept) << "an event may call any worker";
  EXPECT_EQ(outcome.again, w.clock.now() + Millis(2'000));
  EXPECT_EQ(w.tenant(id).status, Status::provisioning);
  EXPECT_EQ(access_url(w.settings.access, w.tenant(id)), "");

  w.clock.advance(Millis(90'000));  // longer than the app may take to answer: that time begins when it runs
  ASSERT_TRUE(w.runtime.go_on(id));
  w.look(id);
  const Tenant t = w.tenant(id);
  EXPECT_EQ(t.status, Status::active) << t.reason;
  EXPECT_EQ(t.host, "203.0.113.9");
  EXPECT_EQ(access_url(w.settings.access, t), "http://acme.203-0-113-9.sslip.io:49152");
  ASSERT_EQ(w.store.ports(w.clock.now()).size(), 1u);
  EXPECT_EQ(w.store.ports(w.clock.now())[0].tenant_id, id);
  EXPECT_EQ(w.mailer.sent().size(), 1u);
}

TEST_F(Launch, EachBootHasAnAddressOfItsOwn) {
  const TenantId id = ready("acme");
  w.tenants.change(id, Action::restart);
  w.look(id);
  EXPECT_EQ(w.tenant(id).port, std::nullopt) << "it ends: its port is nobody's";
  EXPECT_TRUE(w.store.ports(w.clock.now()).empty());
  ASSERT_TRUE(w.runtime.go_on(id));  // ended
  w.clock.advance(Millis(2'000));
  w.look(id);
  ASSERT_TRUE(w.runtime.go_on(id));  // runs
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_EQ(w.tenant(id).boots, 2u);
  EXPECT_EQ(w.runtime.starts(id), 2u);
  EXPECT_EQ(w.store.ports(w.clock.now()).size(), 1u);
}

TEST_F(Launch, SuspendedIsSaidWhenItHasEnded) {
  const TenantId id = ready("acme");
  w.tenants.change(id, Action::suspend);
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::suspending);
  ASSERT_TRUE(w.runtime.go_on(id));
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::suspended);
}

TEST_F(Launch, AStartThatIsNotWrittenDownIsRepeatedUnderItsName) {
  const TenantId id = w.sign_up("acme");
  w.runtime.lose_reply_next(test::RuntimeCall::start);
  w.settle(id, Millis(1'000));
  EXPECT_EQ(w.tenant(id).boots, 1u) << "seen to be starting, so adopted";
  EXPECT_EQ(w.runtime.starts(id), 1u);
}

TEST_F(Launch, WhatNeverRunsIsGivenUpWithAReason) {
  const TenantId id = w.sign_up("acme");
  w.settle(id, Millis(900'000));
  EXPECT_EQ(w.tenant(id).status, Status::provisioning) << "it is tried once more";
  w.runtime.go_on(id);
  w.settle(id);
  const Tenant t = w.tenant(id);
  EXPECT_EQ(t.status, Status::failed);
  EXPECT_THAT(t.reason, HasSubstr("did not run within 10 min"));
  EXPECT_TRUE(w.nothing_left(id));
}

TEST_F(Launch, AHopelessEndIsNotRepeated) {
  const TenantId id = w.sign_up("acme");
  w.look(id);
  ASSERT_TRUE(w.runtime.end_hopelessly(id, "there is no image shop:1"));
  w.settle(id);
  const Tenant t = w.tenant(id);
  EXPECT_EQ(t.status, Status::failed);
  EXPECT_THAT(t.reason, HasSubstr("there is no image shop:1"));
  EXPECT_EQ(w.runtime.starts(id), 1u);
}

TEST_F(Launch, MissingCapacityIsWaitedForLongerThanAnOutage) {
  const TenantId id = w.sign_up("acme");
  w.runtime.fail_next(test::RuntimeCall::start,
                      Error(ErrorKind::limited, "the cluster has no memory left").after(Millis(60'000)), 20);
  w.settle(id, Millis(19 * 60'000));
  EXPECT_EQ(w.tenant(id).status, Status::provisioning);
  EXPECT_THAT(w.tenant(id).reason, HasSubstr("no memory left"));
  EXPECT_LE(w.runtime.calls(test::RuntimeCall::start), 20u) << "it was hammered";
  w.settle(id, Millis(5 * 60'000));
  ASSERT_TRUE(w.runtime.go_on(id));
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
}

TEST_F(Launch, AcceptedWithoutRoomIsNoCrash) {
  const TenantId id = w.sign_up("acme");
  for (int minute = 0; minute < 30; ++minute) {
    w.look(id);
    ASSERT_TRUE(w.runtime.end_without_room(id)) << minute;
    w.look(id);
    EXPECT_EQ(w.tenant(id).status, Status::provisioning);
    EXPECT_EQ(w.tenant(id).reason, "the cluster is full");
    EXPECT_EQ(w.tenant(id).crashes, 0u);
    w.clock.advance(Millis(60'000));
  }
  w.look(id);
  ASSERT_TRUE(w.runtime.go_on(id));
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_FALSE(w.tenant(id).attempts.contains(Step::address));
}

TEST_F(Launch, RoomIsWaitedForAndTheOperatorIsTold) {
  const TenantId id = w.sign_up("acme");
  for (int minute = 0; minute < 70; ++minute) {
    w.look(id);
    w.runtime.end_without_room(id);
    w.look(id);
    w.clock.advance(Millis(60'000));
  }
  EXPECT_EQ(w.tenant(id).status, Status::provisioning);
  EXPECT_EQ(w.tenant(id).reason, "the cluster is full");
  ASSERT_EQ(w.mailer.count(), 1u);
  EXPECT_THAT(w.mailer.sent().at(0).message.text, HasSubstr("the cluster is full"));
  w.look(id);
  ASSERT_TRUE(w.runtime.go_on(id));
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
}

TEST_F(Launch, AnInstanceThatMovesIsProvenAnew) {
  const TenantId id = ready("acme");
  w.runtime.take_time("198.51.100.7");
  ASSERT_TRUE(w.runtime.exit(id, 1));
  w.look(id);
  ASSERT_TRUE(w.runtime.go_on(id));
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_EQ(w.tenant(id).host, "198.51.100.7");
  EXPECT_THAT(w.timeline(id, "step"), Contains(HasSubstr("published at http://acme.198-51-100-7.sslip.io")));
}

TEST_F(Launch, ADatabaseThatIsDroppedElsewhereIsAskedAgain) {
  const TenantId id = ready("acme");
  w.database.drop_later(3);
  w.tenants.change(id, Action::remove);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::deleted);
  EXPECT_TRUE(w.nothing_left(id));
  EXPECT_TRUE(w.timeline(id, "error").empty()) << "that is no error";
}

}  // namespace
}  // namespace slipway
