#include "model/giving_up.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using Kind = Trouble::Kind;

const TimePoint then(Millis(1'000'000));

Tenant provisioning() {
  Tenant t;
  t.desired = Desired::running;
  return t;
}

TEST(GivesUp, OnlyWhatTheAppDoesWrongTooOften) {
  const Policy policy;
  struct Case {
    Kind kind;
    unsigned times;
    bool final;
  };
  for (const Case& c : {
           Case{Kind::passing, 1, false},
           Case{Kind::passing, 1'000, false},
           Case{Kind::exit, 1, false},
           Case{Kind::exit, policy.first_boot_exits - 1, false},
           Case{Kind::exit, policy.first_boot_exits, true},
           Case{Kind::overdue, policy.first_boot_tries - 1, false},
           Case{Kind::overdue, policy.first_boot_tries, true},
           Case{Kind::permanent, 1, true},
       }) {
    const Trouble trouble{c.kind, "why", ReasonCode::app_exited, c.times};
    EXPECT_EQ(gives_up(provisioning(), trouble, policy), c.final) << static_cast<int>(c.kind) << ' ' << c.times;
  }
}

TEST(GivesUp, NothingThatWasReadyOrIsNotWantedOrHasFailedAlready) {
  std::vector<Tenant> others(4, provisioning());
  others[0].first_ready_at = then;
  others[1].desired = Desired::suspended;
  others[2].desired = Desired::deleted;
  others[3].failure = "given up before";
  for (const Tenant& t : others) {
    for (const Kind kind : {Kind::passing, Kind::exit, Kind::overdue, Kind::permanent}) {
      EXPECT_FALSE(gives_up(t, {kind, "why", ReasonCode::internal, 1'000}, {}));
    }
  }
}

TEST(GivesUp, AndSaysWhyOnTheRow) {
  Tenant t = provisioning();
  write_down(t, {Kind::exit, "it ended", ReasonCode::app_exited, 2}, false);
  EXPECT_EQ(t.reason, "it ended");
  EXPECT_EQ(t.reason_code, ReasonCode::app_exited);
  EXPECT_EQ(t.failure, "");
  write_down(t, {Kind::exit, "it ended", ReasonCode::app_exited, 3}, true);
  EXPECT_EQ(t.failure, "it ended; it never answered and ended 3 times");
  EXPECT_EQ(t.failure_code, ReasonCode::app_exited);
  write_down(t, {Kind::permanent, "no such image", ReasonCode::image_unavailable}, true);
  EXPECT_EQ(t.failure, "it ended; it never answered and ended 3 times") << "the first one counts";
}

TEST(WaitsTooLong, IsSaidOfAProvisioningOnly) {
  const Policy policy;
  Tenant t = provisioning();
  EXPECT_FALSE(waits_too_long(t, policy, then));
  t.attempts[Step::create_database] = {1, then, then, "down"};
  EXPECT_FALSE(waits_too_long(t, policy, then + policy.retry_budget - Millis(1)));
  EXPECT_TRUE(waits_too_long(t, policy, then + policy.retry_budget));
  t.first_ready_at = then;
  EXPECT_FALSE(waits_too_long(t, policy, then + policy.retry_budget));
}

TEST(GivesUp, AMailAfterItsBudgetOrWhereItIsRefused) {
  const Policy policy;
  const Mail mail{.purpose = "welcome", .key = "k", .first_at = then};
  EXPECT_TRUE(gives_up(mail, false, policy, then));
  EXPECT_FALSE(gives_up(mail, true, policy, then + policy.mail_budget - Millis(1)));
  EXPECT_TRUE(gives_up(mail, true, policy, then + policy.mail_budget));
}

}  // namespace
}  // namespace slipway
