#include "model/next_steps.hpp"

#include <algorithm>

#include "model/parts/parts.hpp"

namespace slipway {
namespace {

Status status_while_starting(const View& v) {
  const Tenant& t = v.tenant;
  if (!t.first_ready_at) return Status::provisioning;
  if (t.crashes >= v.policy.crash_loop_after) return Status::crash_loop;
  switch (t.status) {
    case Status::suspending:
    case Status::suspended:
    case Status::resuming:
      return Status::resuming;
    case Status::restarting:
      return Status::restarting;
    default:
      return v.restart_owed() && t.crashes == 0 ? Status::restarting : Status::healing;
  }
}

Status status_of(const View& v, const Gaps& missing) {
  switch (v.goal()) {
    case Goal::absent:
      return v.tenant.desired == Desired::deleted ? Status::deleting : Status::failing;
    case Goal::stopped:
      return missing.none() ? Status::suspended : Status::suspending;
    case Goal::running:
      return parts::is_serving(v) ? Status::active : status_while_starting(v);
  }
  return v.tenant.status;
}

// Nothing of it is left, and that is written down.
bool is_over(const Tenant& t) {
  return goal_of(t) == Goal::absent && t.status == (t.desired == Desired::deleted ? Status::deleted : Status::failed);
}

// Leaves out what must wait before its next try.
Decision decide(const View& v, Status status, Gaps missing) {
  Decision decision{{}, status, {}};
  for (const Step step : missing.steps) {
    const Attempt* attempt = v.tenant.attempts.find(step);
    if (attempt != nullptr && v.policy.must_wait(attempt->not_before, v.now)) {
      missing.look_at(attempt->not_before);
    } else {
      decision.steps.push_back(step);
    }
  }
  if (decision.steps.empty()) decision.wake_at = missing.look_again;
  return decision;
}

}  // namespace

Decision next_steps(const Tenant& t, const std::optional<Instance>& instance, const Policy& policy, TimePoint now) {
  if (t.status == Status::unknown) return {{}, t.status, {}};  // hands off
  const View view{t, instance, policy, now};
  if (is_over(t)) return decide(view, t.status, parts::mail(view));
  Gaps missing;
  for (const auto part : {parts::port, parts::database, parts::instance, parts::limits, parts::mail, parts::row}) {
    missing.add(part(view));
  }
  return decide(view, status_of(view, missing), missing);
}

Decision next_steps_blind(const Tenant& t, const Policy& policy, TimePoint now) {
  const std::optional<Instance> unseen;
  const View view{t, unseen, policy, now};
  Gaps missing = parts::mail(view);
  const Attempt* look = t.attempts.find(Step::inspect);
  missing.look_at(look == nullptr ? now : look->not_before);
  return decide(view, t.status, missing);
}

Millis probe_interval(Millis boot_age) { return std::clamp(boot_age / 8, Millis(2), Millis(1'000)); }

Millis probe_timeout(Millis boot_age, Millis start_timeout) {
  const Millis left = std::clamp(start_timeout - boot_age, shortest_probe, Millis(30'000));
  return std::clamp(2 * boot_age, shortest_probe, left);
}

Millis launch_interval(Millis age) { return std::clamp(age / 4, Millis(2'000), Millis(30'000)); }

bool address_differs(const Tenant& t, const Instance& instance, const Policy& policy) {
  const bool moved = !policy.stable_ports && instance.host_port && instance.host_port != t.port;
  return moved || instance.address != t.host;
}

}  // namespace slipway
