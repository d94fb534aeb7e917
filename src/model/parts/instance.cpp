#include "model/parts/parts.hpp"

namespace slipway::parts {
namespace {

// A late call may leave an instance behind that was made for the port which the tenant had before.
bool is_at_another_port(const View& v) {
  return v.policy.stable_ports && v.tenant.port && v.instance->host_port && *v.instance->host_port != *v.tenant.port;
}

// An instance that the runtime has accepted and not started yet.
Gaps launching(const View& v) {
  const Millis age = v.now - v.tenant.boot_at.value_or(v.now);
  if (age >= v.policy.launch_timeout) return {{Step::address}, {}};  // it says what is wrong
  return Gaps::until(v.now + std::min(launch_interval(age), v.policy.launch_timeout - age));
}

Gaps up(const View& v) {
  const Tenant& t = v.tenant;
  // Also where whoever told it to end has died since: it may not have heard.
  if (v.restart_owed() && (t.started || t.first_ready_at)) return {{Step::stop_instance}, {}};
  // It was started, but that could not be written down: adopt it, if it is the one that shall be.
  if (!t.started) return {{v.instance->outdated ? Step::stop_instance : Step::start_instance}, {}};
  if (v.instance->state == InstanceState::starting) return launching(v);
  if (address_differs(t, *v.instance, v.policy)) return {{Step::address}, {}};
  if (!t.proven) return {{Step::probe}, {}};
  return {};
}

// It should run and does not; or it was started so shortly ago that the runtime need not show it yet. A start in the
// future was written by a clock that has been set back since.
Gaps vanished(const View& v) {
  const auto& boot_at = v.tenant.boot_at;
  const bool may_be_unseen = boot_at && *boot_at <= v.now && v.now - *boot_at < v.policy.visible_after;
  if (may_be_unseen) return Gaps::until(*boot_at + v.policy.visible_after);
  return {{Step::record_exit}, {}};
}

Gaps running(const View& v) {
  const Tenant& t = v.tenant;
  if (v.is_up()) return up(v);
  if (v.is_ending()) return Gaps::until(v.now + launch_interval(Millis(0)));
  if (t.started && !v.restart_owed()) return vanished(v);
  if (!v.is_placed()) return {};
  // Of one that the row does not know whoever made it died before that was written down: it is adopted, or replaced.
  const bool known = v.instance && !t.instance_id.empty();
  if (!known || v.instance->outdated || is_at_another_port(v)) return {{Step::create_instance}, {}};
  if (!t.database_made) return {};
  return {{Step::start_instance}, {}};
}

Gaps stopped(const View& v) {
  if (v.is_up() || v.tenant.started) return {{Step::stop_instance}, {}};
  if (v.is_ending()) return Gaps::until(v.now + launch_interval(Millis(0)));
  return {};
}

}  // namespace

Gaps instance(const View& v) {
  switch (v.goal()) {
    case Goal::absent:
      if (!v.tenant.instance_removed) return {{Step::remove_instance}, {}};
      return {};
    case Goal::stopped:
      return stopped(v);
    case Goal::running:
      return running(v);
  }
  return {};
}

// More of the machine, for one that serves already.
Gaps limits(const View& v) {
  if (v.goal() != Goal::running || !is_serving(v) || !v.instance->limits_owed) return {};
  return {{Step::set_limits}, {}};
}

bool is_serving(const View& v) { return v.is_up() && running(v).none(); }

}  // namespace slipway::parts
