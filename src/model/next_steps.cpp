#include "model/next_steps.hpp"

#include <algorithm>

namespace slipway {
namespace {

// Collects steps, leaving out those that must wait before their next try.
class Steps {
 public:
  Steps(const Tenant& tenant, TimePoint now) : tenant_(tenant), now_(now) {}

  void want(Step step) {
    const auto attempt = tenant_.attempts.find(step);
    if (attempt != tenant_.attempts.end() && now_ < attempt->second.not_before) {
      wake(attempt->second.not_before);
    } else {
      decision.steps.push_back(step);
    }
  }

  void wake(TimePoint at) { decision.wake_at = decision.wake_at ? std::min(*decision.wake_at, at) : at; }

  // At most one mail is sent at a time; the others follow in the next round.
  void want_mail() {
    bool ready = false;
    for (const Mail& mail : tenant_.mails) {
      if (mail.state != MailState::pending) continue;
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
  TimePoint now_;
};

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

void suspend(const Tenant& t, const std::optional<Instance>& instance, Steps& steps) {
  const bool running = instance && instance->state == InstanceState::running;
  steps.decision.status = running || t.started ? Status::suspending : Status::suspended;
  if (running || t.started) steps.want(Step::stop_instance);
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
bool at_another_port(const Tenant& t, const Instance& instance) {
  return t.port && instance.host_port && *instance.host_port != *t.port;
}

void run(const Tenant& t, const std::optional<Instance>& instance, const Policy& policy, Steps& steps) {
  steps.decision.status = status_while_starting(t, policy);
  if (!t.port) steps.want(Step::lease_port);
  if (!t.database_made) steps.want(Step::create_database);

  const bool running = instance && instance->state == InstanceState::running;
  if (running) {
    if (!t.started) {
      steps.want(Step::start_instance);  // it was started, but that could not be written down: adopt it
    } else if (restart_owed(t)) {
      steps.want(Step::stop_instance);
    } else if (!t.proven) {
      steps.want(Step::probe);
    } else {
      steps.decision.status = Status::active;
    }
  } else if (t.started && !restart_owed(t)) {
    steps.want(Step::record_exit);
  } else if (!instance || at_another_port(t, *instance)) {
    if (t.port) steps.want(Step::create_instance);  // which replaces one that is at another port
  } else if (t.database_made && t.port) {
    steps.want(Step::start_instance);
  }
  if (t.first_ready_at) steps.want_mail();
}

}  // namespace

Decision next_steps(const Tenant& t, const std::optional<Instance>& instance, const Policy& policy, TimePoint now) {
  Steps steps(t, now);
  if (t.desired == Desired::deleted) {
    take_down(t, Status::deleting, Status::deleted, steps);
  } else if (!t.failure.empty()) {
    take_down(t, Status::failing, Status::failed, steps);
  } else if (t.desired == Desired::suspended) {
    suspend(t, instance, steps);
  } else {
    run(t, instance, policy, steps);
  }
  if (!steps.decision.steps.empty()) steps.decision.wake_at.reset();
  return steps.decision;
}

Millis probe_interval(Millis boot_age) { return std::clamp(boot_age / 8, Millis(2), Millis(1'000)); }

}  // namespace slipway
