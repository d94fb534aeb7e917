#include "model/next_steps.hpp"

#include <gmock/gmock.h>

namespace slipway {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

constexpr auto none = static_cast<InstanceState>(99);
const TimePoint now(Millis(1'000'000));

std::optional<Instance> instance(InstanceState state) {
  if (state == none) return std::nullopt;
  Instance i;
  i.state = state;
  return i;
}

// A tenant that has signed up and got its port. What instance there is, its row knows.
Tenant fresh() {
  Tenant t;
  t.id = TenantId("t_01jdd2x8k40a1b2c3d4e");
  t.port = Port(20'000);
  t.instance_id = "c";
  return t;
}

// One that has been ready and runs.
Tenant active() {
  Tenant t = fresh();
  t.status = Status::active;
  t.database_made = t.started = t.proven = true;
  t.boot_at = t.first_ready_at = now;
  return t;
}

TEST(NextSteps, AnInstanceMadeForAnotherPortIsReplacedBeforeItStarts) {
  Tenant t = fresh();
  t.database_made = true;
  auto made = instance(InstanceState::created);
  made->host_port = t.port;
  EXPECT_THAT(next_steps(t, made, {}, now).steps, ElementsAre(Step::start_instance));
  made->host_port = Port(20'007);
  EXPECT_THAT(next_steps(t, made, {}, now).steps, ElementsAre(Step::create_instance));
  made->state = InstanceState::running;  // a customer may be using it
  t.started = t.proven = true;
  EXPECT_THAT(next_steps(t, made, {}, now).steps, IsEmpty());
}

struct Case {
  std::string name;
  Tenant tenant;
  InstanceState seen;
  std::vector<Step> steps;
  Status status;
};

template <class F>
Tenant but(Tenant t, F&& change) {
  change(t);
  return t;
}

std::vector<Case> table() {
  using enum Step;
  using enum InstanceState;
  return {
      {"a sign-up makes database and instance side by side",
       fresh(),
       none,
       {create_database, create_instance},
       Status::provisioning},
      {"without a port there is no instance yet",
       but(fresh(), [](Tenant& t) { t.port.reset(); }),
       none,
       {lease_port, create_database},
       Status::provisioning},
      {"the app starts only when its database is there", fresh(), created, {create_database}, Status::provisioning},
      {"both are there: start",
       but(fresh(), [](Tenant& t) { t.database_made = true; }),
       created,
       {start_instance},
       Status::provisioning},
      {"a started one is asked",
       but(active(), [](Tenant& t) { t.proven = false, t.first_ready_at.reset(); }),
       running,
       {probe},
       Status::provisioning},
      {"started by a process that died before it wrote that down: adopt",
       but(fresh(), [](Tenant& t) { t.database_made = true; }),
       running,
       {start_instance},
       Status::provisioning},
      {"nothing is missing", active(), running, {}, Status::active},
      {"a pending mail is sent once the app was ready",
       but(active(), [](Tenant& t) { t.mails.push_back({.purpose = "welcome", .key = "k"}); }),
       running,
       {send_mail},
       Status::active},
      {"no mail before the URL is proven",
       but(fresh(), [](Tenant& t) { t.mails.push_back({.purpose = "welcome", .key = "k"}); }),
       none,
       {create_database, create_instance},
       Status::provisioning},
      {"an exit is written down first", active(), exited, {record_exit}, Status::healing},
      {"so is a removal by hand", active(), none, {record_exit}, Status::healing},
      {"then it starts again",
       but(active(),
           [](Tenant& t) {
             t.started = t.proven = false;
             t.crashes = 1;
           }),
       exited,
       {start_instance},
       Status::healing},
      {"or is made again",
       but(active(),
           [](Tenant& t) {
             t.started = t.proven = false;
             t.crashes = 1;
           }),
       none,
       {create_instance},
       Status::healing},
      {"many exits are a crash loop",
       but(active(),
           [](Tenant& t) {
             t.started = t.proven = false;
             t.crashes = 5;
           }),
       exited,
       {start_instance},
       Status::crash_loop},
      {"a restart stops it first",
       but(active(), [](Tenant& t) { t.restart_wanted = 1; }),
       running,
       {stop_instance},
       Status::restarting},
      {"a restart is no crash",
       but(active(), [](Tenant& t) { t.restart_wanted = 1; }),
       exited,
       {start_instance},
       Status::restarting},
      {"what is about to end keeps its database",
       but(active(), [](Tenant& t) { t.restart_wanted = 1, t.database_made = false; }),
       running,
       {stop_instance},
       Status::restarting},
      {"once it has ended the database is looked after",
       but(active(), [](Tenant& t) { t.restart_wanted = 1, t.started = t.proven = t.database_made = false; }),
       exited,
       {create_database},
       Status::restarting},
      {"a retry looks after the database of one that runs",
       but(active(), [](Tenant& t) { t.database_made = false; }),
       running,
       {create_database},
       Status::active},
      {"suspend stops it",
       but(active(), [](Tenant& t) { t.desired = Desired::suspended; }),
       running,
       {stop_instance},
       Status::suspending},
      {"then its database is closed",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::suspended;
             t.started = t.proven = false;
           }),
       exited,
       {close_database},
       Status::suspending},
      {"whether one was made or not",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::suspended;
             t.started = t.proven = t.database_made = false;
           }),
       none,
       {close_database},
       Status::suspending},
      {"suspended is at rest",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::suspended;
             t.started = t.proven = t.database_made = false;
             t.database_closed = true;
           }),
       exited,
       {},
       Status::suspended},
      {"a suspended one that somebody started is stopped again",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::suspended;
             t.started = t.proven = false;
           }),
       running,
       {stop_instance},
       Status::suspending},
      {"resume starts it",
       but(active(),
           [](Tenant& t) {
             t.started = t.proven = false;
             t.status = Status::suspended;
           }),
       exited,
       {start_instance},
       Status::resuming},
      {"deletion takes the instance first",
       but(active(), [](Tenant& t) { t.desired = Desired::deleted; }),
       none,
       {remove_instance},
       Status::deleting},
      {"then the database",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::deleted;
             t.instance_removed = true;
           }),
       none,
       {drop_database},
       Status::deleting},
      {"then the rest",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::deleted;
             t.instance_removed = t.database_dropped = true;
           }),
       none,
       {finish},
       Status::deleting},
      {"a tombstone is at rest",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::deleted;
             t.status = Status::deleted;
           }),
       none,
       {},
       Status::deleted},
      {"a failed provisioning is taken back",
       but(fresh(), [](Tenant& t) { t.failure = "bad image"; }),
       none,
       {remove_instance},
       Status::failing},
      {"and then at rest",
       but(fresh(),
           [](Tenant& t) {
             t.failure = "bad image";
             t.status = Status::failed;
           }),
       none,
       {},
       Status::failed},
      {"deletion of a failed one ends in a tombstone",
       but(fresh(),
           [](Tenant& t) {
             t.failure = "bad image";
             t.status = Status::failed;
             t.desired = Desired::deleted;
             t.instance_removed = t.database_dropped = true;
           }),
       none,
       {finish},
       Status::deleting},
  };
}

TEST(NextSteps, Table) {
  for (const Case& c : table()) {
    const Decision decision = next_steps(c.tenant, instance(c.seen), Policy{}, now);
    EXPECT_EQ(decision.steps, c.steps) << c.name;
    EXPECT_EQ(decision.status, c.status) << c.name << ": " << to_string(decision.status);
    EXPECT_EQ(decision.wake_at, std::nullopt) << c.name;
  }
}

// A runtime that chooses ports and starts when it has time.
Policy learning() {
  Policy policy;
  policy.stable_ports = false;
  return policy;
}

Instance published(std::uint16_t port, const std::string& address) {
  Instance i = *instance(InstanceState::running);
  i.host_port = Port(port);
  i.address = address;
  return i;
}

TEST(NextSteps, WhereTheRuntimeChoosesThePortNothingWaitsForOne) {
  Tenant t = fresh();
  t.port.reset();
  EXPECT_THAT(next_steps(t, {}, learning(), now).steps, ElementsAre(Step::create_database, Step::create_instance));
  t.database_made = true;
  EXPECT_THAT(next_steps(t, instance(InstanceState::created), learning(), now).steps,
              ElementsAre(Step::start_instance));
}

TEST(NextSteps, TheAddressIsLearntBeforeItIsProven) {
  Tenant t = active();
  t.port.reset();
  t.proven = false;
  t.first_ready_at.reset();
  EXPECT_THAT(next_steps(t, published(32'768, "203.0.113.9"), learning(), now).steps, ElementsAre(Step::address));
  t.port = Port(32'768);
  t.host = "203.0.113.9";
  EXPECT_THAT(next_steps(t, published(32'768, "203.0.113.9"), learning(), now).steps, ElementsAre(Step::probe));
}

TEST(NextSteps, AnAddressThatChangedIsCorrected) {
  Tenant t = active();
  t.host = "203.0.113.9";
  EXPECT_THAT(next_steps(t, published(20'000, "203.0.113.10"), {}, now).steps, ElementsAre(Step::address));
  EXPECT_THAT(next_steps(t, published(20'001, "203.0.113.9"), {}, now).steps, IsEmpty()) << "a stable port stays";
  EXPECT_THAT(next_steps(t, published(20'001, "203.0.113.9"), learning(), now).steps, ElementsAre(Step::address));
}

TEST(NextSteps, WhatIsStartingIsWaitedForUntilItIsOverdue) {
  Tenant t = active();
  t.proven = false;
  const auto starting = instance(InstanceState::starting);
  const Decision early = next_steps(t, starting, {}, now);
  EXPECT_THAT(early.steps, IsEmpty());
  EXPECT_EQ(early.wake_at, now + Millis(2'000));
  EXPECT_EQ(next_steps(t, starting, {}, now + Millis(100'000)).wake_at, now + Millis(125'000));
  EXPECT_EQ(next_steps(t, starting, {}, now + Millis(590'000)).wake_at, now + Policy{}.launch_timeout);
  EXPECT_THAT(next_steps(t, starting, {}, now + Policy{}.launch_timeout).steps, ElementsAre(Step::address));
  t.started = false;
  EXPECT_THAT(next_steps(t, starting, {}, now).steps, ElementsAre(Step::start_instance)) << "adopted";
  t.desired = Desired::suspended;
  EXPECT_THAT(next_steps(t, starting, {}, now).steps, ElementsAre(Step::stop_instance));
}

TEST(NextSteps, WhatIsNotShownYetIsNotGone) {
  Policy policy;
  policy.visible_after = Millis(10'000);
  for (const auto seen : {none, InstanceState::created, InstanceState::exited}) {  // of the boot before
    EXPECT_THAT(next_steps(active(), instance(seen), policy, now + Millis(9'999)).steps, IsEmpty());
    EXPECT_EQ(next_steps(active(), instance(seen), policy, now).wake_at, now + Millis(10'000));
    EXPECT_THAT(next_steps(active(), instance(seen), policy, now + Millis(10'000)).steps,
                ElementsAre(Step::record_exit));
  }
}

TEST(NextSteps, WhatIsStoppingIsWaitedFor) {
  Tenant t = active();
  const auto stopping = instance(InstanceState::stopping);
  for (const bool started : {true, false}) {
    t.started = started;
    t.desired = Desired::running;
    t.database_made = started;
    EXPECT_THAT(next_steps(t, stopping, {}, now).steps, IsEmpty());
    EXPECT_EQ(next_steps(t, stopping, {}, now).wake_at, now + Millis(2'000));
  }
  t.desired = Desired::suspended;
  const Decision decision = next_steps(t, stopping, {}, now);
  EXPECT_EQ(decision.status, Status::suspending);
  EXPECT_EQ(decision.wake_at, now + Millis(2'000));
  EXPECT_THAT(decision.steps, IsEmpty()) << "it may save something in its database";
}

TEST(NextSteps, AStepWaitsForItsNextTryWhileOthersGoOn) {
  Tenant t = fresh();
  t.attempts[Step::create_database] = {1, now, now + Millis(500), "down"};
  EXPECT_THAT(next_steps(t, {}, {}, now).steps, ElementsAre(Step::create_instance));
  const Decision waiting = next_steps(t, instance(InstanceState::created), {}, now);
  EXPECT_THAT(waiting.steps, IsEmpty());
  EXPECT_EQ(waiting.wake_at, now + Millis(500));
  EXPECT_THAT(next_steps(t, instance(InstanceState::created), {}, now + Millis(500)).steps,
              ElementsAre(Step::create_database));
}

TEST(NextSteps, AWaitLongerThanAnyIsByAClockThatWasSetBack) {
  Tenant t = fresh();
  const Policy policy;
  t.attempts[Step::create_database] = {1, now, now + policy.longest_wait(), "down"};
  EXPECT_THAT(next_steps(t, std::nullopt, policy, now).steps, Not(Contains(Step::create_database)));
  t.attempts[Step::create_database].not_before += Millis(1);
  EXPECT_THAT(next_steps(t, std::nullopt, policy, now).steps, Contains(Step::create_database));
}

TEST(NextSteps, AMailWaitsForItsNextTry) {
  Tenant t = active();
  t.mails.push_back({.purpose = "welcome", .key = "k", .attempts = 1, .not_before = now + Millis(9)});
  const Decision decision = next_steps(t, instance(InstanceState::running), {}, now);
  EXPECT_THAT(decision.steps, IsEmpty());
  EXPECT_EQ(decision.status, Status::active);
  EXPECT_EQ(decision.wake_at, now + Millis(9));
}

TEST(NextSteps, AMailThatWaitsLongerThanAnyIsByAClockThatWasSetBack) {
  Tenant t = active();
  const Policy policy;
  t.mails.push_back({.purpose = "welcome", .key = "k", .attempts = 1, .not_before = now + policy.mail.cap});
  EXPECT_THAT(next_steps(t, instance(InstanceState::running), policy, now).steps, IsEmpty());
  t.mails.back().not_before += Millis(1);
  EXPECT_THAT(next_steps(t, instance(InstanceState::running), policy, now).steps, ElementsAre(Step::send_mail));
}

TEST(ProbeInterval, GrowsWithTheAgeOfTheBoot) {
  EXPECT_EQ(probe_interval(Millis(0)), Millis(2));
  EXPECT_EQ(probe_interval(Millis(800)), Millis(100));
  EXPECT_EQ(probe_interval(Millis(60'000)), Millis(1'000));
}

TEST(ProbeTimeout, GrowsWithTheAgeOfTheBootAndEndsWithIt) {
  const Millis whole(60'000);
  EXPECT_EQ(probe_timeout(Millis(0), whole), Millis(2'000));
  EXPECT_EQ(probe_timeout(Millis(6'000), whole), Millis(12'000));
  EXPECT_EQ(probe_timeout(Millis(20'000), whole), Millis(30'000));
  EXPECT_EQ(probe_timeout(Millis(50'000), whole), Millis(10'000));
  EXPECT_EQ(probe_timeout(Millis(70'000), whole), Millis(2'000));
}

// Told to end, and then Slipway died: what still runs is told again, and not taken for started anew.
TEST(NextSteps, ARestartIsNotLostWithTheProcessThatBeganIt) {
  Tenant t = active();
  t.restart_wanted = t.restart_done + 1;
  t.started = t.proven = t.database_made = false;
  Instance still_up;
  still_up.state = InstanceState::running;
  still_up.host_port = t.port;
  EXPECT_EQ(next_steps(t, still_up, Policy{}, now).steps, std::vector{Step::stop_instance});
}

}  // namespace
}  // namespace slipway
