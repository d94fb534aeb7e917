#include "model/parts/parts.hpp"

#include <gmock/gmock.h>

// A table for each part. What they give together: next_steps_test.cpp.
namespace slipway {
namespace {

using enum InstanceState;
using testing::ElementsAre;
using testing::IsEmpty;

const TimePoint seen_at(Millis(1'000'000));
constexpr auto gone = static_cast<InstanceState>(99);

struct PartCase {
  std::string name;
  std::function<void(Tenant&)> row;  // what differs from one that serves
  InstanceState seen;
  std::vector<Step> steps;
};

Tenant serving() {
  Tenant t;
  t.port = Port(20'000);
  t.database_made = t.started = t.proven = true;
  t.instance_id = "c";
  t.boot_at = t.first_ready_at = seen_at;
  return t;
}

std::optional<Instance> as_seen(InstanceState state) {
  if (state == gone) return std::nullopt;
  Instance instance;
  instance.state = state;
  instance.host_port = Port(20'000);
  return instance;
}

void expect_steps(Gaps (*part)(const View&), const std::vector<PartCase>& cases) {
  for (const PartCase& c : cases) {
    Tenant t = serving();
    c.row(t);
    const auto seen = as_seen(c.seen);
    EXPECT_EQ(part({t, seen, Policy{}, seen_at}).steps, c.steps) << c.name;
  }
}

void suspended(Tenant& t) { t.desired = Desired::suspended; }
void deleted(Tenant& t) { t.desired = Desired::deleted; }

TEST(GoalOf, IsWhatTheRowAsksFor) {
  Tenant t;
  EXPECT_EQ(goal_of(t), Goal::running);
  t.desired = Desired::suspended;
  EXPECT_EQ(goal_of(t), Goal::stopped);
  t.failure = "no such image";
  EXPECT_EQ(goal_of(t), Goal::absent);
  t.failure.clear();
  t.desired = Desired::deleted;
  EXPECT_EQ(goal_of(t), Goal::absent);
}

TEST(PartPort, IsLeasedForWhatShallRun) {
  expect_steps(parts::port, {
                                {"it has one", [](Tenant&) {}, running, {}},
                                {"it has none", [](Tenant& t) { t.port.reset(); }, gone, {Step::lease_port}},
                                {"it needs none", [](Tenant& t) { suspended(t), t.port.reset(); }, gone, {}},
                            });
}

TEST(PartDatabase, IsMadeClosedAndDropped) {
  const auto lacks_it = [](Tenant& t) { t.database_made = false; };
  const auto restarts = [](Tenant& t) { t.database_made = false, t.restart_wanted = 1; };
  const auto has_stopped = [](Tenant& t) { suspended(t), t.started = false; };
  expect_steps(parts::database,
               {
                   {"it is there", [](Tenant&) {}, running, {}},
                   {"it is not", lacks_it, running, {Step::create_database}},
                   {"what ends may still use it", lacks_it, stopping, {}},
                   {"so may what is about to end", restarts, running, {}},
                   {"a restart looks after it once the app has ended", restarts, exited, {Step::create_database}},
                   {"suspended, the app runs", suspended, running, {}},
                   {"suspended, the app's end is not written down", suspended, exited, {}},
                   {"suspended, the app ends", has_stopped, stopping, {}},
                   {"suspended, the app has ended", has_stopped, exited, {Step::close_database}},
                   {"closed", [](Tenant& t) { suspended(t), t.started = false, t.database_closed = true; }, exited, {}},
                   {"deleted, the instance first", deleted, gone, {}},
                   {"deleted, the instance is gone",
                    [](Tenant& t) { deleted(t), t.instance_removed = true; },
                    gone,
                    {Step::drop_database}},
                   {"dropped", [](Tenant& t) { deleted(t), t.instance_removed = t.database_dropped = true; }, gone, {}},
               });
}

TEST(PartInstance, IsMadeStartedProvenStoppedAndRemoved) {
  const auto is_new = [](Tenant& t) { t.started = t.proven = false, t.first_ready_at.reset(); };
  const auto restarts = [](Tenant& t) { t.restart_wanted = 1; };
  expect_steps(parts::instance,
               {
                   {"it serves", [](Tenant&) {}, running, {}},
                   {"there is none", is_new, gone, {Step::create_instance}},
                   {"there is no port", [&](Tenant& t) { is_new(t), t.port.reset(); }, gone, {}},
                   {"there is no database", [&](Tenant& t) { is_new(t), t.database_made = false; }, created, {}},
                   {"it can start", is_new, created, {Step::start_instance}},
                   {"the row does not know it",
                    [&](Tenant& t) { is_new(t), t.instance_id.clear(); },
                    created,
                    {Step::create_instance}},
                   {"it was made for another port",
                    [&](Tenant& t) { is_new(t), t.port = Port(20'001); },
                    created,
                    {Step::create_instance}},
                   {"it runs, and nobody wrote that down", is_new, running, {Step::start_instance}},
                   {"it has not answered", [](Tenant& t) { t.proven = false; }, running, {Step::probe}},
                   {"it is elsewhere", [](Tenant& t) { t.host = "203.0.113.9"; }, running, {Step::address}},
                   {"it is accepted", [](Tenant& t) { t.proven = false; }, starting, {}},
                   {"it has ended", [](Tenant&) {}, exited, {Step::record_exit}},
                   {"it is gone", [](Tenant&) {}, gone, {Step::record_exit}},
                   {"it is to restart", restarts, running, {Step::stop_instance}},
                   {"it restarts, and has ended", restarts, exited, {Step::start_instance}},
                   {"it ends", [](Tenant& t) { t.started = false; }, stopping, {}},
                   {"suspended, it runs", suspended, running, {Step::stop_instance}},
                   {"suspended, it is seen to have ended", suspended, exited, {Step::stop_instance}},
                   {"suspended, it has ended", [](Tenant& t) { suspended(t), t.started = false; }, exited, {}},
                   {"deleted", deleted, running, {Step::remove_instance}},
                   {"removed", [](Tenant& t) { deleted(t), t.instance_removed = true; }, gone, {}},
               });
}

TEST(PartInstance, IsMadeAnewWithItsNextStartWhereItIsOutdated) {
  Tenant t = serving();
  auto seen = as_seen(running);
  seen->outdated = true;
  const auto steps = [&] { return parts::instance({t, seen, Policy{}, seen_at}).steps; };
  EXPECT_THAT(steps(), IsEmpty()) << "nobody is disturbed for it";
  t.started = false;
  EXPECT_THAT(steps(), ElementsAre(Step::stop_instance)) << "that is not the one that was to start";
  seen->state = exited;
  EXPECT_THAT(steps(), ElementsAre(Step::create_instance));
}

TEST(PartLimits, AreSetForWhatServes) {
  Tenant t = serving();
  auto seen = as_seen(running);
  EXPECT_TRUE(parts::limits({t, seen, Policy{}, seen_at}).none());
  seen->limits_owed = true;
  EXPECT_THAT(parts::limits({t, seen, Policy{}, seen_at}).steps, ElementsAre(Step::set_limits));
  t.proven = false;
  EXPECT_TRUE(parts::limits({t, seen, Policy{}, seen_at}).none());
}

TEST(PartMail, IsOwedToWhoRunsOrHasFailed) {
  const auto owes = [](Tenant& t) { t.mails.push_back({.purpose = "operator_failure", .key = "k"}); };
  const auto failed = [&](Tenant& t) { owes(t), t.failure = "no such image"; };
  expect_steps(parts::mail,
               {
                   {"none is owed", [](Tenant&) {}, running, {}},
                   {"one is", owes, running, {Step::send_mail}},
                   {"two are", [&](Tenant& t) { owes(t), owes(t); }, running, {Step::send_mail}},
                   {"the provisioning is still taken back", failed, gone, {}},
                   {"it has failed", [&](Tenant& t) { failed(t), t.status = Status::failed; }, gone, {Step::send_mail}},
                   {"it is deleted", [&](Tenant& t) { failed(t), deleted(t), t.status = Status::failed; }, gone, {}},
                   {"suspended", [&](Tenant& t) { owes(t), suspended(t); }, gone, {}},
               });
}

TEST(PartRow, IsFinishedWhenNothingIsLeft) {
  expect_steps(parts::row,
               {
                   {"it is wanted", [](Tenant& t) { t.instance_removed = t.database_dropped = true; }, running, {}},
                   {"something is left", [](Tenant& t) { deleted(t), t.instance_removed = true; }, gone, {}},
                   {"nothing is",
                    [](Tenant& t) { deleted(t), t.instance_removed = t.database_dropped = true; },
                    gone,
                    {Step::finish}},
               });
}

}  // namespace
}  // namespace slipway
