#include <functional>

#include "engine/sweeper.hpp"
#include "engine/test_world.hpp"
#include "tests/fakes/forward.hpp"

// What others do while a worker is on its way: requests, deaths, hands. Each of these was found by tests/sim.
namespace slipway {
namespace {

using test::expect_active_once;
using test::TestWorld;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

struct Died {};  // no Error: nothing in the engine catches it

struct MeddlingStore : test::ForwardStore {
  using ForwardStore::ForwardStore;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    if (before_save) std::exchange(before_save, nullptr)();
    const bool saved = real_.save(tenant, events, holder);
    if (after_save) after_save();
    return saved;
  }
  std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                 TimePoint now) override {
    if (before_lease_port) std::exchange(before_lease_port, nullptr)();
    const auto port = real_.lease_port(tenant, refused, held_until, now);
    if (after_lease_port) std::exchange(after_lease_port, nullptr)();
    return port;
  }
  std::function<void()> before_save;
  std::function<void()> after_save;
  std::function<void()> before_lease_port;
  std::function<void()> after_lease_port;
};

struct MeddlingRuntime : test::ForwardRuntime {
  using ForwardRuntime::ForwardRuntime;
  void begin(const TenantId&) override { calls.emplace_back("begin"); }
  std::optional<Instance> inspect(const TenantId& tenant) override {
    calls.emplace_back("inspect");
    return real_.inspect(tenant);
  }
  StartResult start(const TenantId& tenant, std::uint32_t boot) override {
    if (before_start) std::exchange(before_start, nullptr)();
    return real_.start(tenant, boot);
  }
  std::function<void()> before_start;
  std::vector<std::string> calls;
};

struct MeddledWorld : TestWorld {
  MeddlingStore meddling_store{store};
  MeddlingRuntime meddling_runtime{runtime};
  World meddled{meddling_store, meddling_runtime, database, mailer, probe, clock, random};
  Reconciler meddled_reconciler{meddled, settings, watch, Log::silent()};

  void look_meddled(const TenantId& id) {
    auto tenant = store.claim(id, {"w1", clock.now() + lease_time}, clock.now());
    meddled_reconciler.reconcile(*tenant, "w1");
  }
  void expect_one_lease_as_on_the_row(const TenantId& id) {
    std::vector<Port> leased;
    for (const PortLease& lease : store.ports(TimePoint())) {
      if (lease.status == PortStatus::leased && lease.tenant_id == id) leased.push_back(lease.port);
    }
    EXPECT_EQ(leased, std::vector{tenant(id).port.value()});
  }
};

// An event plans nothing in the ledger, so what it began would be owed by nobody.
TEST(Interference, WhatAnEventBeganIsOwedAfterACrash) {
  MeddledWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.runtime.kill(id);
  unsigned saves = 0;
  w.meddling_store.after_save = [&] {
    if (++saves == 2) throw Died();  // the instance runs again, and has not been asked yet
  };
  EXPECT_THROW(w.look_meddled(id), Died);
  EXPECT_EQ(w.tenant(id).status, Status::healing);
  w.clock.advance(lease_time);
  EXPECT_EQ(w.store.due(w.clock.now(), 10), std::vector{id});
}

// A worker that slept longer than its lease comes back with news of a world that is long gone.
TEST(Interference, WhatALateWorkerFoundOutIsNotBelieved) {
  MeddledWorld w;
  const TenantId id = w.sign_up("acme");
  w.probe.never_ready(id);
  w.look_meddled(id);
  for (int i = 0; i < 2; ++i) {  // of three exits after which a first boot is given up
    w.runtime.kill(id);
    w.settle(id, Millis(5'000));
  }
  w.runtime.kill(id);
  w.meddling_store.before_save = [&] {
    w.clock.advance(lease_time + Millis(10'000));
    w.probe.ready(id);
    w.runtime.start(id, 1);
    Tenant row = w.tenant(id);  // another worker got the app ready meanwhile
    row.first_ready_at = w.clock.now();
    row.proven = true;
    ASSERT_TRUE(w.store.save(row, {}, {}));
  };
  w.look_meddled(id);
  EXPECT_EQ(w.tenant(id).failure, "");
  EXPECT_TRUE(w.database.exists(id));
}

TEST(Interference, AnInstanceRemovedByHandBeforeItsFirstStartIsMadeAnew) {
  MeddledWorld w;
  const TenantId id = w.sign_up("acme");
  w.meddling_runtime.before_start = [&] { EXPECT_TRUE(w.runtime.vanish(id)); };
  w.look_meddled(id);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  EXPECT_EQ(w.tenant(id).failure, "");
  EXPECT_EQ(w.runtime.creates(id), 2u);
}

// Another worker may have had the tenant before each claim: a runtime that remembers must look anew.
TEST(Interference, ARuntimeIsToldOfEachClaimBeforeItIsAsked) {
  MeddledWorld w;
  const TenantId id = w.sign_up("acme");
  w.meddling_store.before_save = [&] { w.tenants.change(id, Action::restart); };  // so that it is claimed once more
  w.look_meddled(id);
  const auto& calls = w.meddling_runtime.calls;
  ASSERT_GT(calls.size(), 4u);
  EXPECT_EQ(calls[0], "begin");
  EXPECT_EQ(calls[1], "inspect");
  EXPECT_EQ(calls[2], "begin") << "after the save that came too late";
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "begin"), 2);

  w.settle(id);
  w.meddling_runtime.calls.clear();
  w.meddling_store.before_save = [&] { w.tenants.change(id, Action::restart); };
  w.look_meddled(id);  // it had nothing to do but to say so
  EXPECT_EQ(calls[1], "inspect");
  EXPECT_EQ(calls[2], "begin");
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "begin"), 2);
}

// The request writes the row as it read it, without the port that is being leased.
TEST(Interference, ARequestDuringTheLeaseOfAPortLosesNoLease) {
  MeddledWorld w;
  const TenantId id = w.sign_up_to_be_retried("acme");
  w.meddling_store.after_lease_port = [&] { w.tenants.change(id, Action::restart); };
  w.look_meddled(id);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  w.expect_one_lease_as_on_the_row(id);
}

// A worker that is frozen for longer than its lease, right before it leases a port: by then another one has settled the
// tenant without one.
TEST(Interference, AWorkerThatLeasesAPortTooLateLeavesNoTrace) {
  MeddledWorld w;
  const TenantId id = w.sign_up_to_be_retried("acme");
  std::string settled;
  w.meddling_store.before_lease_port = [&] {
    w.clock.advance(lease_time);
    w.tenants.change(id, Action::suspend);
    w.settle(id);
    ASSERT_EQ(w.tenant(id).status, Status::suspended);
    settled = to_document(w.tenant(id));
  };
  w.look_meddled(id);
  EXPECT_EQ(to_document(w.tenant(id)), settled);
  EXPECT_THAT(w.store.ports(w.clock.now()), testing::IsEmpty());
  EXPECT_EQ(w.store.events(id, 0, 1).at(0).kind, "status") << "nothing was told after the suspension";
}

// Its row is as it was, but another one has claimed it and acts on what it saw.
TEST(Interference, AWorkerWhoseLeaseAnotherHasTakenWritesNothing) {
  MeddledWorld w;
  const TenantId id = w.sign_up("acme");
  std::string claimed;
  w.meddling_store.before_save = [&] {
    w.clock.advance(lease_time);
    const auto row = w.store.claim(id, {"another", w.clock.now() + lease_time}, w.clock.now());
    claimed = to_document(row.value());
  };
  w.look_meddled(id);
  EXPECT_EQ(to_document(w.tenant(id)), claimed);
  for (const Event& event : w.store.events(id, 0, 100)) EXPECT_NE(event.kind, "step") << event.message;
  EXPECT_FALSE(w.store.claim(id, {"third", w.clock.now() + lease_time}, w.clock.now())) << "it is another's still";
}

TEST(Interference, APortThatIsFreeAgainBeforeTheMoveIsStillLeased) {
  MeddledWorld w;
  w.runtime.take_port(Port(20'000));
  w.runtime.lose_reply_next(test::RuntimeCall::remove);
  const TenantId id = w.sign_up("acme");
  w.look_meddled(id);
  w.runtime.free_port(Port(20'000));
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::active);
  w.expect_one_lease_as_on_the_row(id);
}

TEST(Interference, RestartsAskedForWhileABootTurnsOutOverdueAreKept) {
  MeddledWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  w.probe.never_ready(id);
  w.tenants.change(id, Action::restart);
  w.look_meddled(id);
  w.clock.advance(w.settings.app.start_timeout);
  w.meddling_store.before_save = [&] {
    w.tenants.change(id, Action::restart);
    w.tenants.change(id, Action::restart);
  };
  w.look_meddled(id);
  EXPECT_EQ(w.tenant(id).restart_wanted, 3u);
}

TEST(Interference, EachFailureIsToldOnceAlsoWhenTheAnswerWasLost) {
  MeddledWorld w;
  w.runtime.remove_image("shop:1");
  w.mailer.lose_replies(1);
  const TenantId id = w.sign_up("acme");
  w.look(id);
  EXPECT_EQ(w.tenant(id).status, Status::failed);
  EXPECT_EQ(w.tenant(id).mails.at(0).state, MailState::pending);
  w.runtime.add_image("shop:1");
  w.runtime.exit_on_start(id, 3);
  w.tenants.change(id, Action::retry);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::failed);
  const auto sent = w.mailer.sent();
  ASSERT_EQ(sent.size(), 2u);
  EXPECT_THAT(sent[0].message.text, HasSubstr("no such image"));
  EXPECT_THAT(sent[1].message.text, HasSubstr("exited with code 3"));
  for (const Mail& mail : w.tenant(id).mails) EXPECT_EQ(mail.state, MailState::sent) << mail.key << ": " << mail.error;
}

// The provider has the mail; only its text is another one by now.
TEST(Interference, AMailThatArrivedBeforeItsTemplateChangedIsSent) {
  MeddledWorld w;
  w.mailer.lose_replies(1);
  const TenantId id = w.sign_up("acme");
  w.look(id);
  EXPECT_EQ(w.tenant(id).mails.at(0).state, MailState::pending);
  w.settings.mail.templates.at("en/welcome").subject = "Hello again";
  w.settle(id);
  EXPECT_EQ(w.tenant(id).mails.at(0).state, MailState::sent);
  EXPECT_EQ(w.mailer.count(), 1u);
}

// A request that arrives while a first boot fails for the last time is heeded: what it asks for has not been tried yet.
struct LastTry {
  std::string name;
  std::function<void(MeddledWorld&, const TenantId&)> lead_up;  // the next look finds out that it is final
};

const std::vector<LastTry>& last_tries() {
  static const std::vector<LastTry> all = {
      {"no answer",
       [](MeddledWorld& w, const TenantId& id) {
         w.probe.never_ready(id);
         w.settle(id, w.settings.app.start_timeout + Millis(5'000));
         ASSERT_EQ(w.runtime.starts(id), 2u);
         w.clock.advance(w.settings.app.start_timeout);
       }},
      {"an exit",
       [](MeddledWorld& w, const TenantId& id) {
         w.probe.never_ready(id);
         w.look(id);
         for (unsigned exits = 1; exits < w.settings.policy.first_boot_exits; ++exits) {
           ASSERT_TRUE(w.runtime.kill(id));
           w.settle(id, Millis(5'000));
         }
         ASSERT_TRUE(w.runtime.kill(id));
       }},
      {"a hopeless exit",
       [](MeddledWorld& w, const TenantId& id) {
         w.probe.never_ready(id);
         w.look(id);
         ASSERT_TRUE(w.runtime.end_hopelessly(id, "there is no image shop:1"));
       }},
      {"a step", [](MeddledWorld& w, const TenantId&) { w.runtime.remove_image("shop:1"); }},
  };
  return all;
}

TEST(GivingUp, IsFinalWhereNobodyAsksForAnythingElse) {
  for (const LastTry& last : last_tries()) {
    MeddledWorld w;
    const TenantId id = w.sign_up("acme");
    last.lead_up(w, id);
    EXPECT_EQ(w.tenant(id).failure, "") << last.name;
    w.look_meddled(id);
    EXPECT_NE(w.tenant(id).failure, "") << last.name;
    EXPECT_TRUE(w.nothing_left(id)) << last.name;
  }
}

TEST(GivingUp, IsNotForARequestThatArrivesDuringTheLastTry) {
  for (const LastTry& last : last_tries()) {
    for (const Action action : {Action::suspend, Action::restart, Action::retry, Action::remove}) {
      if (action == Action::retry && last.name == "a hopeless exit") continue;  // the same end is found again
      const std::string name = fmt::format("{} during {}", static_cast<int>(action), last.name);
      MeddledWorld w;
      const TenantId id = w.sign_up("acme");
      last.lead_up(w, id);
      w.meddling_store.before_save = [&] {
        w.tenants.change(id, action);
        w.probe.ready(id);  // what is tried now succeeds
        w.runtime.add_image("shop:1");
      };
      w.look_meddled(id);
      w.settle(id);
      EXPECT_EQ(w.tenant(id).failure, "") << name;
      EXPECT_THAT(w.timeline(id, "status"), Not(Contains("failing"))) << name;
      if (action == Action::remove) {
        EXPECT_EQ(w.tenant(id).status, Status::deleted) << name;
        EXPECT_EQ(w.mailer.count(), 0u) << name;
        continue;
      }
      if (action == Action::suspend) {
        EXPECT_EQ(w.tenant(id).status, Status::suspended) << name;
        w.tenants.change(id, Action::resume);
        w.settle(id);
      }
      expect_active_once(w, id);
    }
  }
}

// Two versions share a ledger while one replaces the other. What only the newer one understands is left to it.
TEST(TwoVersions, TheOlderOneTouchesNothingOfARowThatItDoesNotUnderstand) {
  TestWorld w;
  const TenantId id = w.sign_up("acme");
  w.settle(id);
  std::string document = to_document(w.tenant(id));
  document.replace(document.find("\"active\""), 8, "\"asleep\"");
  Tenant newer = from_document(document);
  newer.version = w.tenant(id).version;
  newer.port = w.tenant(id).port;
  newer.due_at = w.clock.now();
  ASSERT_TRUE(w.store.save(newer, {}, std::nullopt));
  const auto version = w.tenant(id).version;
  const unsigned stops = w.runtime.calls(test::RuntimeCall::stop);

  EXPECT_EQ(w.look(id).again, std::nullopt);
  for (const Action action : {Action::suspend, Action::restart, Action::retry, Action::remove}) {
    EXPECT_THROW(w.tenants.change(id, action), Error);
  }
  Sweeper sweeper(
      w.world, w.settings, [](const TenantId&) {}, Log::silent());
  EXPECT_TRUE(sweeper.sweep(false).orphans.empty());

  EXPECT_EQ(to_document(w.tenant(id)), document);
  EXPECT_EQ(w.tenant(id).version, version);
  EXPECT_EQ(w.runtime.calls(test::RuntimeCall::stop), stops);
  EXPECT_EQ(w.runtime.instances().size(), 1u);
  EXPECT_TRUE(w.store.claim(id, {"newer", w.clock.now() + lease_time}, w.clock.now())) << "the lease was given back";
  EXPECT_EQ(w.store.list({}).size(), 1u);
}

}  // namespace
}  // namespace slipway
