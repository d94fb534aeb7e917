#include "engine/reconciler.hpp"

#include "base/error.hpp"
#include "engine/test_world.hpp"

namespace slipway {
namespace {

using test::expect_active_once;
using test::FakeDatabase;
using test::RuntimeCall;
using test::TestWorld;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const Error down(ErrorKind::unavailable, "docker: not reachable");

// Keeps where it was sent.
class Whereabouts : public Probe {
 public:
  ProbeResult ask(const ProbeTarget& target, const std::string& url, Millis) override {
    asked.push_back(fmt::format("{}:{} for {}", target.address, target.port.value(), url));
    return {true, "200"};
  }
  std::vector<std::string> asked;
};

TEST(Provisioning, TheProbeGoesToTheInstanceAndNeverToWhatItsNameSays) {
  Settings settings = test::test_settings();
  settings.access = {"sslip.io", "203.0.113.9", ""};
  TestWorld w(settings);
  Whereabouts probe;
  const World world{w.store, w.runtime, w.database, w.mailer, probe, w.clock, w.random};
  Reconciler reconciler(world, w.settings, w.watch, Log::silent());
  const TenantId id = w.sign_up("acme");
  Tenant odd = w.tenant(id);
  odd.sign_up.slug = Slug("10-0-0-1");  // as an older release took it
  ASSERT_TRUE(w.store.save(odd, {}, std::nullopt));
  auto tenant = w.store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now());
  reconciler.reconcile(*tenant, "w1");
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_THAT(probe.asked,
              testing::ElementsAre("127.0.0.1:20000 for http://10-0-0-1.203-0-113-9.sslip.io:20000/healthz"));
}

TEST(Provisioning, ANameThatReadsAsAnAddressIsRefused) {
  TestWorld w;
  const auto refuses = [&](const std::string& slug) {
    try {
      w.sign_up(slug);
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid);
      EXPECT_EQ(error.fields().at(0).field, "subdomain");
      return true;
    }
  };
  for (const char* slug : {"127-0-0-1", "app-10-0-0-1", "a--b", "2001-db8--1"}) EXPECT_TRUE(refuses(slug)) << slug;
  EXPECT_FALSE(refuses("facade12")) << "no such service is asked for localhost";
  w.settings.access.domain = "sslip.io";
  EXPECT_TRUE(refuses("7f000001"));
  EXPECT_FALSE(refuses("shop-24"));
  EXPECT_NO_THROW(w.tenants.sign_up(TestWorld::sign_up_of("facade12"), {}, "hash")) << "who has it keeps it";
}

TEST(Provisioning, EndsWithOneOfEach) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.runtime.creates(id), 1u);
  EXPECT_EQ(w.runtime.starts(id), 1u);
  const auto mail = w.mailer.sent().at(0).message;
  EXPECT_EQ(mail.to, "admin@acme.example");
  EXPECT_THAT(mail.text, HasSubstr("http://acme.localhost:20000"));
  EXPECT_THAT(w.timeline(id, "status"), testing::ElementsAre("active"));
  const auto spec = w.runtime.spec(id).value();
  EXPECT_EQ(spec.env.at(0).value.reveal(), [&] {
    const auto db = w.database.access(id);
    return "postgresql://" + db.user + ":" + db.password.reveal() + "@" + db.host + ":" + std::to_string(db.port) +
           "/" + db.name;
  }());
}

TEST(Provisioning, IsDoneByOneLook) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  const auto outcome = w.look(id);
  EXPECT_EQ(outcome.again, std::nullopt);
  expect_active_once(w, id);
}

TEST(Provisioning, ASlowAppIsAskedUntilItAnswers) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.probe.ready_after(id, 7);
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.probe.asks(id), 8u);
}

// Each of its answers takes this long, and is lost where nobody waits for it.
struct SlowAnswer : Probe {
  SlowAnswer(test::ManualClock& c, Millis t) : clock(c), time(t) {}
  ProbeResult ask(const ProbeTarget&, const std::string&, Millis timeout) override {
    clock.advance(std::min(time, timeout));
    return time <= timeout ? ProbeResult{true, "200"} : ProbeResult{false, "no answer"};
  }
  test::ManualClock& clock;
  Millis time;
};

TEST(Provisioning, AnAppWhoseAnswerIsSlowIsHeard) {
  for (const auto& [answer, start_timeout] :
       {std::pair(Millis(10'000), Millis(60'000)), std::pair(Millis(10'000), Millis(20'000)),
        std::pair(Millis(25'000), Millis(60'000))}) {
    Settings settings = test::test_settings();
    settings.app.start_timeout = start_timeout;
    TestWorld w(settings);
    SlowAnswer probe(w.clock, answer);
    Reconciler reconciler({w.store, w.runtime, w.database, w.mailer, probe, w.clock, w.random}, w.settings, w.watch,
                          Log::silent());
    const TenantId id = w.sign_up("acme");
    for (const TimePoint end = w.clock.now() + 2 * start_timeout; w.clock.now() < end;) {
      auto tenant = w.store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now());
      const auto outcome = reconciler.reconcile(*tenant, "w1");
      if (!outcome.again) break;
      w.clock.advance_to(*outcome.again);
    }
    EXPECT_EQ(w.tenant(id).status, Status::active) << answer.count() << " ms of " << start_timeout.count();
    EXPECT_EQ(w.runtime.starts(id), 1u) << "the first boot was enough";
  }
}

TEST(Provisioning, WhoIsSlowToAnswerIsWaitedForByTheSlowerWorkers) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.probe.never_ready(id);
  w.settle(id, Millis(5'000));
  auto tenant = w.store.claim(id, {"w1", w.clock.now() + lease_time}, w.clock.now());
  const unsigned asked = w.probe.asks(id);
  EXPECT_EQ(w.reconciler.reconcile(*tenant, "w1", Lane::quick).lane, Lane::engine);
  EXPECT_EQ(w.probe.asks(id), asked);
}

TEST(Provisioning, NoMailBeforeTheUrlIsProven) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.probe.never_ready(id);
  w.settle(id, Millis(5'000));
  EXPECT_EQ(w.mailer.count(), 0u);
  EXPECT_EQ(w.tenant(id).status, Status::provisioning);
}

// Each call fails once, or does its work and loses the reply; the end is the same.
TEST(Provisioning, SurvivesEveryFailureAndLostReply) {
  for (const RuntimeCall call : {RuntimeCall::create, RuntimeCall::start, RuntimeCall::inspect}) {
    for (const bool lost : {false, true}) {
      TestWorld w;
      const TenantId id = w.sign_up("acme");
      lost ? w.runtime.lose_reply_next(call, 2) : w.runtime.fail_next(call, down, 2);
      w.settle(id);
      expect_active_once(w, id);
      EXPECT_EQ(w.runtime.creates(id), 1u);
      EXPECT_EQ(w.runtime.starts(id), 1u);
      EXPECT_THAT(w.timeline(id, "error"), Not(testing::IsEmpty()));
    }
  }
  for (const int fault : {0, 1, 2}) {
    TestWorld w;
    const TenantId id = w.sign_up("acme");
    if (fault == 0) w.database.fail_next(FakeDatabase::Call::ensure, 2);
    if (fault == 1) w.database.tear_next_ensure(2);
    if (fault == 2) w.database.lose_next_reply(FakeDatabase::Call::ensure, 2);
    w.settle(id);
    expect_active_once(w, id);
  }
}

TEST(Provisioning, ABadImageFailsAtOnceAndLeavesNothing) {
  TestWorld w;
  w.runtime.remove_image("shop:1");
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  const Tenant t = w.tenant(id);
  EXPECT_EQ(t.status, Status::failed);
  EXPECT_THAT(t.reason, HasSubstr("create instance: "));
  EXPECT_TRUE(w.nothing_left(id));
  EXPECT_EQ(w.mailer.count(), 1u);
  EXPECT_EQ(w.mailer.sent().at(0).message.to, "ops@example.com");
  EXPECT_THAT(w.mailer.sent().at(0).message.text, HasSubstr(t.reason));
}

// What the world does wrong is not the customer's fault, and passes.
TEST(Provisioning, AnOutageFailsNoSignUpAndTheOperatorIsToldOnce) {
  for (const ErrorKind kind : {ErrorKind::unavailable, ErrorKind::limited, ErrorKind::internal}) {
    TestWorld w;
    std::vector<TenantId> ids;
    w.runtime.fail_next(test::RuntimeCall::create, Error(kind, "the registry is away"), 100'000);
    for (const char* slug : {"a", "b", "c"}) ids.push_back(w.sign_up(slug));
    const TimePoint end = w.clock.now() + Millis(3'600'000);
    while (w.clock.now() < end) {
      for (const TenantId& id : ids) w.look(id);
      w.clock.advance(Millis(20'000));
    }
    for (const TenantId& id : ids) EXPECT_EQ(w.tenant(id).status, Status::provisioning) << w.tenant(id).reason;
    ASSERT_GE(w.mailer.count(), 1u);
    EXPECT_LE(w.mailer.count(), 2u) << "one mail for all who wait, again after half an hour";
    EXPECT_EQ(w.mailer.sent().at(0).message.to, "ops@example.com");
    EXPECT_THAT(w.mailer.sent().at(0).message.text, HasSubstr("the registry is away"));
    w.runtime.clear_faults();
    for (const TenantId& id : ids) {
      w.settle(id);
      EXPECT_EQ(w.tenant(id).status, Status::active);
    }
  }
}

TEST(Provisioning, TheOperatorIsToldAlsoWhereTheRuntimeDoesNotAnswer) {
  TestWorld w;
  w.runtime.fail_next(test::RuntimeCall::inspect, Error(ErrorKind::unavailable, "docker is away"), 100'000);
  const TenantId id = w.sign_up("acme");
  w.settle(id, Millis(600'000));
  EXPECT_EQ(w.tenant(id).status, Status::provisioning);
  ASSERT_EQ(w.mailer.count(), 1u);
  EXPECT_THAT(w.mailer.sent().at(0).message.text, HasSubstr("docker is away"));
}

TEST(Provisioning, AnAppThatNeverAnswersFailsWithTheLastAnswer) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.probe.never_ready(id, "503");
  w.settle(id);
  const Tenant t = w.tenant(id);
  EXPECT_EQ(t.status, Status::failed);
  EXPECT_THAT(t.reason, HasSubstr("did not answer http://acme.localhost:20000/healthz within 1 min 0 s"));
  EXPECT_THAT(t.reason, HasSubstr("the last answer was: 503"));
  EXPECT_TRUE(w.nothing_left(id));
  EXPECT_EQ(w.runtime.starts(id), 2u) << "one overdue boot is not final";
}

TEST(Provisioning, AnAppThatKeepsExitingFailsWithItsCode) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.runtime.exit_on_start(id, 3);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::failed);
  EXPECT_THAT(w.tenant(id).reason, HasSubstr("exited with code 3"));
  EXPECT_TRUE(w.nothing_left(id));
  EXPECT_EQ(w.runtime.starts(id), 3u);
}

TEST(Provisioning, APortOfAStrangersProgramIsSkippedAndReported) {
  TestWorld w;
  w.runtime.take_port(Port(20'000));
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.tenant(id).port, Port(20'001));
  EXPECT_THAT(w.timeline(id, "step"), Contains(HasSubstr("port 20000 is held by another program")));
  EXPECT_THAT(w.store.ports(w.clock.now()), Contains(testing::Field(&PortLease::status, PortStatus::held)));
}

TEST(Healing, AnInstanceThatDiedComesBackUnderItsUrl) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  const auto port = w.tenant(id).port;
  w.runtime.kill(id);
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.tenant(id).port, port);
  EXPECT_EQ(w.runtime.creates(id), 1u);
  EXPECT_EQ(w.runtime.starts(id), 2u);
}

TEST(Healing, AnInstanceRemovedByHandIsMadeAgain) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.runtime.vanish(id);
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.tenant(id).port, Port(20'000));
  EXPECT_EQ(w.runtime.creates(id), 2u);
}

TEST(Healing, ACrashLoopSaysSoBacksOffAndLosesNothing) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.runtime.exit_on_start(id, 1);
  w.runtime.kill(id);
  w.settle(id, Millis(600'000));
  const Tenant t = w.tenant(id);
  EXPECT_EQ(t.status, Status::crash_loop);
  EXPECT_THAT(t.reason, HasSubstr("exited with code 1"));
  EXPECT_TRUE(t.due_at.has_value());
  EXPECT_TRUE(w.database.exists(id));
  EXPECT_LT(w.runtime.starts(id), 60u);
  w.runtime.exit_on_start(id, std::nullopt);
  w.settle(id);
  expect_active_once(w, id);
}

TEST(Healing, NeverTakesBackWhatACustomerUses) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.runtime.remove_image("shop:1");
  w.runtime.vanish(id);
  w.settle(id, Millis(24 * 3'600'000));
  EXPECT_EQ(w.tenant(id).status, Status::healing);
  EXPECT_TRUE(w.database.exists(id));
  EXPECT_EQ(w.tenant(id).port, Port(20'000));
  w.runtime.add_image("shop:1");
  w.settle(id);
  expect_active_once(w, id);
}

TEST(Healing, KeepsThePortAlsoWhenAStrangerTookIt) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.runtime.kill(id);
  w.runtime.take_port(Port(20'000));
  w.settle(id, Millis(60'000));
  EXPECT_EQ(w.tenant(id).status, Status::healing);
  EXPECT_THAT(w.tenant(id).reason, HasSubstr("port 20000 is held by another program"));
  w.runtime.free_port(Port(20'000));
  w.settle(id);
  expect_active_once(w, id);
  EXPECT_EQ(w.tenant(id).port, Port(20'000));
}

TEST(Healing, ARestartOfSlipwayDoesNotTouchAHealthyTenant) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  test::FakeRuntime adopted(w.runtime, w.store.installation());
  Reconciler another({w.store, adopted, w.database, w.mailer, w.probe, w.clock, w.random}, w.settings, w.watch,
                     Log::silent());
  w.store.break_leases();
  auto tenant = w.store.claim(id, {"w2", w.clock.now() + lease_time}, w.clock.now());
  another.reconcile(*tenant, "w2");
  expect_active_once(w, id);
  EXPECT_EQ(w.runtime.starts(id), 1u);
}

}  // namespace
}  // namespace slipway
