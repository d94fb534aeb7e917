#include "model/next_steps.hpp"

#include <algorithm>

namespace slipway {
namespace {

// Collects steps, leaving out those that must wait before their next try.
class Steps {
 public:
  Steps(const Tenant& tenant, const Policy& policy, TimePoint now) : tenant_(tenant), policy_(policy), now_(now) {}

  void want(Step step) {
    const Attempt* attempt = tenant_.attempts.find(step);
    if (attempt != nullptr && policy_.must_wait(attempt->not_before, now_)) {
      wake(attempt->not_before);
    } else {
      decision.steps.push_back(step);
    }
  }

  void wake(TimePoint at) { decision.wake_at = decision.wake_at ? std::min(*decision.wake_at, at) : at; }

  // At most one mail is sent at a time; the others follow in the next round.
  void want_mail() {
    bool ready = false;
    for (const Mail& mail : tenant_.mails) {
      if (!is_owed(mail, tenant_)) continue;
      if (now_ < mail.not_before) {
        wake(mail.not_before);
      } else {
        ready = true;
      }
    }
    if (ready) decision.steps.push_back(Step::send_mail);
  }

  Decision decision;

 private:
  const Tenant& tenant_;
  const Policy& policy_;
  TimePoint now_;
};

bool is_up(const std::optional<Instance>& instance) {
  return instance && (instance->state == InstanceState::running || instance->state == InstanceState::starting);
}

bool is_ending(const std::optional<Instance>& instance) {
  return instance && instance->state == InstanceState::stopping;
}

bool restart_owed(const Tenant& t) { return t.restart_wanted != t.restart_done; }

// Takes back everything that was made, in the order in which nothing can hold on to what goes next.
void take_down(const Tenant& t, Status during, Status after, Steps& steps) {
  steps.decision.status = during;
  if (t.status == after) {
    steps.decision.status = after;
    if (after == Status::failed) steps.want_mail();
  } else if (!t.instance_removed) {
    steps.want(Step::remove_instance);
  } else if (!t.database_dropped) {
    steps.want(Step::drop_database);
  } else {
    steps.want(Step::finish);
  }
}

void suspend(const Tenant& t, const std::optional<Instance>& instance, Steps& steps, TimePoint now) {
  steps.decision.status = Status::suspending;
  if (is_up(instance) || t.started) {
    steps.want(Step::stop_instance);
  } else if (is_ending(instance)) {  // it may save something: the database is closed once it has ended
    steps.wake(now + launch_interval(Millis(0)));
  } else if (!t.database_closed) {
    steps.want(Step::close_database);
  } else {
    steps.decision.status = Status::suspended;
  }
}

// An instance that the runtime has accepted and not started yet.
void launch(const Tenant& t, const Policy& policy, Steps& steps, TimePoint now) {
  const Millis age = now - t.boot_at.value_or(now);
  if (age >= policy.launch_timeout) {
    steps.want(Step::address);  // it says what is wrong
  } else {
    steps.wake(now + std::min(launch_interval(age), policy.launch_timeout - age));
  }
}

// Whether it was started so shortly ago that the runtime need not show it yet. A start in the future was written by a
// clock that has been set back since.
bool may_be_unseen(const Tenant& t, const Policy& policy, TimePoint now) {
  return t.boot_at && *t.boot_at <= now && now - *t.boot_at < policy.visible_after;
}

Status status_while_starting(const Tenant& t, const Policy& policy) {
  if (!t.first_ready_at) return Status::provisioning;
  if (t.crashes >= policy.crash_loop_after) return Status::crash_loop;
  switch (t.status) {
    case Status::suspending:
    case Status::suspended:
    case Status::resuming:
      return Status::resuming;
    case Status::restarting:
      return Status::restarting;
    default:
      return restart_owed(t) && t.crashes == 0 ? Status::restarting : Status::healing;
  }
}

// A late call may leave an instance behind that was made for the port which the tenant had before.
bool at_another_port(const Tenant& t, const Instance& instance, const Policy& policy) {
  return policy.stable_ports && t.port && instance.host_port && *instance.host_port != *t.port;
}

void run(const Tenant& t, const std::optional<Instance>& instance, const Policy& policy, Steps& steps, TimePoint now) {
  steps.decision.status = status_while_starting(t, policy);
  const bool placed = t.port || !policy.stable_ports;  // it is known where it shall be published
  if (!placed) steps.want(Step::lease_port);
  // What is about to end may still use its database, and change its role.
  const bool ends = is_ending(instance) || (is_up(instance) && restart_owed(t));
  if (!t.database_made && !ends) steps.want(Step::create_database);

  if (is_up(instance)) {
    const bool restarts = restart_owed(t) && (t.started || t.first_ready_at);
    if (restarts || (instance->outdated && !t.started)) {
      steps.want(Step::stop_instance);  // also where whoever told it to end has died since: it may not have heard
    } else if (!t.started) {
      steps.want(Step::start_instance);  // it was started, but that could not be written down: adopt it
    } else if (instance->state == InstanceState::starting) {
      launch(t, policy, steps, now);
    } else if (address_differs(t, *instance, policy)) {
      steps.want(Step::address);
    } else if (!t.proven) {
      steps.want(Step::probe);
    } else {
      steps.decision.status = Status::active;
      if (instance->limits_owed) steps.want(Step::set_limits);
    }
  } else if (is_ending(instance)) {
    steps.wake(now + launch_interval(Millis(0)));
  } else if (t.started && !restart_owed(t) && may_be_unseen(t, policy, now)) {
    steps.wake(*t.boot_at + policy.visible_after);
  } else if (t.started && !restart_owed(t)) {
    steps.want(Step::record_exit);
  } else if (!instance || t.instance_id.empty() || instance->outdated || at_another_port(t, *instance, policy)) {
    if (placed) steps.want(Step::create_instance);  // which adopts, or replaces, the one that is there
  } else if (t.database_made && placed) {
    steps.want(Step::start_instance);
  }
  steps.want_mail();
}

}  // namespace

Decision next_steps(const Tenant& t, const std::optional<Instance>& instance, const Policy& policy, TimePoint now) {
  Steps steps(t, policy, now);
  if (t.status == Status::unknown) return {{}, t.status, std::nullopt};  // hands off
  if (t.desired == Desired::deleted) {
    take_down(t, Status::deleting, Status::deleted, steps);
  } else if (!t.failure.empty()) {
    take_down(t, Status::failing, Status::failed, steps);
  } else if (t.desired == Desired::suspended) {
    suspend(t, instance, steps, now);
  } else {
    run(t, instance, policy, steps, now);
  }
  if (!steps.decision.steps.empty()) steps.decision.wake_at.reset();
  return steps.decision;
}

Decision next_steps_blind(const Tenant& t, const Policy& policy, TimePoint now) {
  Steps steps(t, policy, now);
  steps.decision.status = t.status;
  const Attempt* look = t.attempts.find(Step::inspect);
  steps.wake(look == nullptr ? now : look->not_before);
  steps.want_mail();
  return steps.decision;
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
