#include "model/next_steps.hpp"

#include <gmock/gmock.h>

namespace slipway {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto none = static_cast<InstanceState>(99);
const TimePoint now(Millis(1'000'000));

std::optional<Instance> instance(InstanceState state) {
  if (state == none) return std::nullopt;
  Instance i;
  i.state = state;
  return i;
}

// A tenant that has signed up and got its port.
Tenant fresh() {
  Tenant t;
  t.id = TenantId("t_01jdd2x8k40a1b2c3d4e");
  t.port = Port(20'000);
  return t;
}

// One that has been ready and runs.
Tenant active() {
  Tenant t = fresh();
  t.status = Status::active;
  t.database_made = t.started = t.proven = true;
  t.instance_id = "c";
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
      {"suspend stops it",
       but(active(), [](Tenant& t) { t.desired = Desired::suspended; }),
       running,
       {stop_instance},
       Status::suspending},
      {"suspended is at rest",
       but(active(),
           [](Tenant& t) {
             t.desired = Desired::suspended;
             t.started = t.proven = false;
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

TEST(NextSteps, AMailWaitsForItsNextTry) {
  Tenant t = active();
  t.mails.push_back({.purpose = "welcome", .key = "k", .attempts = 1, .not_before = now + Millis(9)});
  const Decision decision = next_steps(t, instance(InstanceState::running), {}, now);
  EXPECT_THAT(decision.steps, IsEmpty());
  EXPECT_EQ(decision.status, Status::active);
  EXPECT_EQ(decision.wake_at, now + Millis(9));
}

TEST(ProbeInterval, GrowsWithTheAgeOfTheBoot) {
  EXPECT_EQ(probe_interval(Millis(0)), Millis(2));
  EXPECT_EQ(probe_interval(Millis(800)), Millis(100));
  EXPECT_EQ(probe_interval(Millis(60'000)), Millis(1'000));
}

}  // namespace
}  // namespace slipway
