// What whoever measures is told of provisionings and steps.
#include "engine/test_world.hpp"

namespace slipway {
namespace {

struct Recorder : Observer {
  void provisioned(Provisioned outcome, Millis since) override {
    (outcome == Provisioned::ready ? ready : given_up).push_back(since);
  }
  void mailed(Mailed outcome) override { ++mails[outcome]; }
  void step_done(Step step, Millis) override { ++done[step]; }
  void step_failed(Step step) override { ++failed[step]; }
  void step_retried(Step step) override { ++retried[step]; }

  std::vector<Millis> ready;
  std::vector<Millis> given_up;
  std::map<Mailed, int> mails;
  std::map<Step, int> done;
  std::map<Step, int> failed;
  std::map<Step, int> retried;
};

struct Observed : test::TestWorld {
  Recorder recorder;
  Reconciler observing{[this] {
                         World seen = world;
                         seen.observer = &recorder;
                         return seen;
                       }(),
                       settings, watch, Log::silent()};

  // As TestWorld's settle, with the reconciler that is observed.
  void settle(const TenantId& id) {
    for (int looks = 0; looks < 100'000; ++looks) {
      auto tenant = store.claim(id, {"w1", clock.now() + lease_time}, clock.now());
      const auto outcome = observing.reconcile(*tenant, "w1");
      if (!outcome.again) return;
      clock.advance_to(*outcome.again);
    }
    FAIL() << "not settled";
  }
};

TEST(Observing, AProvisioningIsToldOnceWithHowLongItTook) {
  Observed w;
  const TenantId id = w.sign_up("acme");
  w.probe.ready_after(id, 7);
  w.settle(id);
  const Tenant t = w.tenant(id);
  EXPECT_THAT(w.recorder.ready, testing::ElementsAre(*t.first_ready_at - t.created_at));
  w.runtime.kill(id);
  w.settle(id);
  EXPECT_EQ(w.recorder.ready.size(), 1u) << "healing is no provisioning";
  EXPECT_EQ(w.recorder.given_up.size(), 0u);
  EXPECT_EQ(w.recorder.done[Step::probe], 2);
  EXPECT_EQ(w.recorder.failed[Step::record_exit], 1) << "the app ended by itself";
  EXPECT_EQ(w.recorder.done[Step::create_database], 1);
}

TEST(Observing, FailuresAndRetriesAreTold) {
  Observed w;
  w.database.fail_next(test::FakeDatabase::Call::ensure, 3);
  w.mailer.fail_next(1, Error(ErrorKind::unavailable, "smtp: down"));
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  EXPECT_EQ(w.recorder.failed[Step::create_database], 3);
  EXPECT_EQ(w.recorder.retried[Step::create_database], 3);
  EXPECT_EQ(w.recorder.failed[Step::send_mail], 1);
  EXPECT_EQ(w.recorder.retried[Step::send_mail], 1);
  EXPECT_EQ(w.recorder.retried[Step::create_instance], 0);
  EXPECT_EQ(w.recorder.mails[Observer::Mailed::sent], 1);
  EXPECT_EQ(w.recorder.mails[Observer::Mailed::given_up], 0);
}

TEST(Observing, AMailThatWasGivenUpIsToldOnceEachTime) {
  Observed w;
  w.mailer.fail_next(1, Error(ErrorKind::forbidden, "smtp: the log-in was refused"));
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.tenants.change(id, Action::restart);
  w.settle(id);
  EXPECT_EQ(w.recorder.mails[Observer::Mailed::given_up], 1);
  w.tenants.change(id, Action::retry);
  w.settle(id);
  EXPECT_EQ(w.recorder.mails[Observer::Mailed::sent], 1);
  EXPECT_EQ(w.recorder.mails[Observer::Mailed::given_up], 1);
}

TEST(Observing, AProvisioningThatWasGivenUpIsToldOnce) {
  Observed w;
  w.runtime.fail_next(test::RuntimeCall::create, Error(ErrorKind::not_found, "docker: no such image"));
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  ASSERT_EQ(w.tenant(id).status, Status::failed);
  EXPECT_EQ(w.recorder.given_up.size(), 1u);
  EXPECT_EQ(w.recorder.ready.size(), 0u);
}

}  // namespace
}  // namespace slipway
