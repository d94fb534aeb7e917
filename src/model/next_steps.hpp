#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "base/backoff.hpp"
#include "model/instance.hpp"
#include "model/tenant.hpp"

namespace slipway {

// How patient the engine is, and who chooses ports. All of it is configuration or follows from it.
struct Policy {
  Millis retry_budget{300'000};    // of a step of a provisioning, from its first failure until the operator is told
  Millis launch_timeout{600'000};  // from an accepted start until the runtime says that it runs
  Millis visible_after{0};  // from a start until the runtime shows it to everyone; until then absence means nothing
  Backoff retry{Millis(200), Millis(30'000)};       // between tries of a step
  Backoff restart{Millis(1'000), Millis(300'000)};  // between restarts of an app that exits; the first is at once
  unsigned first_boot_exits = 3;  // exits of an app that never answered, until the provisioning is given up
  unsigned first_boot_tries = 2;  // the same of boots that were overdue
  unsigned crash_loop_after = 5;  // exits in a row, until it is called a crash loop
  Millis stable_after{600'000};   // an app that ran for this long starts with a clean sheet
  Backoff mail{Millis(2'000), Millis(900'000)};
  Millis mail_budget{86'400'000};  // for one mail, from its first failure

  // No step waits longer between two tries. One that seems to was told so by a clock that has been set back since.
  Millis longest_wait() const { return std::max(retry.cap, restart.cap); }
  bool must_wait(TimePoint until, TimePoint now) const { return now < until && until - now <= longest_wait(); }
  bool mail_must_wait(TimePoint until, TimePoint now) const { return now < until && until - now <= mail.cap; }
  bool stable_ports = true;  // a port is leased at sign-up; false: the runtime chooses, and each boot tells anew
};

// What to do for a tenant now, and what to call its state.
struct Decision {
  std::vector<Step> steps;  // independent of each other: may be done side by side
  Status status = Status::provisioning;
  std::optional<TimePoint> wake_at;  // with no steps: when to decide again; nothing: only an event can change it
};

// The whole business in one pure function: which steps are missing and ready, given the row and what the runtime sees
// of the tenant's instance (nothing: there is none). What is missing is told by the parts (src/model/parts).
Decision next_steps(const Tenant& tenant, const std::optional<Instance>& instance, const Policy& policy, TimePoint now);

// The same where the runtime does not answer: what needs no look at the instance.
Decision next_steps_blind(const Tenant& tenant, const Policy& policy, TimePoint now);

// How long to wait before a booting app is asked again: an eighth of the boot's age, within [2 ms, 1 s], so that a fast
// app is found ready at once and a slow one is not pestered.
Millis probe_interval(Millis boot_age);

// How long an answer is waited for: twice the boot's age, within [2 s, 30 s] and the time that the boot has left. So an
// app whose first answer is slow (a just-in-time compiler, a quarter of a processor) is heard.
constexpr Millis shortest_probe{2'000};
Millis probe_timeout(Millis boot_age, Millis start_timeout);

// The same of a runtime that starts and stops when it has time and tells of that by events: [2 s, 30 s].
Millis launch_interval(Millis age);

// Whether the runtime has published the instance elsewhere than the row says.
bool address_differs(const Tenant& tenant, const Instance& instance, const Policy& policy);

}  // namespace slipway
