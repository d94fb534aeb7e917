#include "model/giving_up.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "model/goal.hpp"

namespace slipway {
namespace {

// Only a first provisioning which is still wanted may end as failed and be taken back: once the customer's instance has
// been ready there is data, and what nobody wants running cannot fail to run.
bool may_give_up(const Tenant& t) { return goal_of(t) == Goal::running && !t.first_ready_at; }

}  // namespace

bool gives_up(const Tenant& t, const Trouble& trouble, const Policy& policy) {
  if (!may_give_up(t)) return false;
  switch (trouble.kind) {
    case Trouble::Kind::passing:
      return false;
    case Trouble::Kind::exit:
      return trouble.times >= policy.first_boot_exits;
    case Trouble::Kind::overdue:
      return trouble.times >= policy.first_boot_tries;
    case Trouble::Kind::permanent:
      return true;
  }
  return false;
}

void write_down(Tenant& t, const Trouble& trouble, bool give_up) {
  t.reason = trouble.reason;
  t.reason_code = trouble.code;
  if (!give_up || !t.failure.empty()) return;
  t.failure = trouble.reason;
  if (trouble.kind == Trouble::Kind::exit) {
    t.failure += fmt::format("; it never answered and ended {} times", trouble.times);
  }
  t.failure_code = trouble.code;
}

bool waits_too_long(const Tenant& t, const Policy& policy, TimePoint now) {
  return may_give_up(t) && std::any_of(t.attempts.begin(), t.attempts.end(), [&](const auto& attempt) {
           return now - attempt.second.first_at >= policy.retry_budget;
         });
}

bool gives_up(const Mail& mail, bool retryable, const Policy& policy, TimePoint now) {
  return !retryable || now - mail.first_at >= policy.mail_budget;
}

}  // namespace slipway
