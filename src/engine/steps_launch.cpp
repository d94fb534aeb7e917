#include <fmt/format.h>

#include "engine/steps.hpp"
#include "model/giving_up.hpp"

// Steps for runtimes that start what they have accepted when they have room, and then tell where it is.
namespace slipway {
namespace {

constexpr Millis room_poll{60'000};  // between two starts where the machines are full

}  // namespace

// That the machines are full is no crash: it is said and waited for. The tries are counted under `address`, which ends
// them when an instance is published at last.
StepResult Steps::wait_for_room(const Tenant& tenant, const std::string& reason) const {
  const TimePoint now = world_.clock.now();
  const Attempt* known = tenant.attempts.find(Step::address);
  Attempt waiting = known == nullptr ? Attempt{0, now, now} : *known;
  ++waiting.count;
  waiting.error = reason;
  Event e = event(Step::record_exit, reason);
  e.kind = "error";
  return {[=](Tenant& t) {
            t.instance_ended();
            write_down(t, {Trouble::Kind::passing, reason, ReasonCode::no_room}, false);
            t.attempts[Step::address] = waiting;
            t.attempts[Step::start_instance] = {waiting.count, waiting.first_at, now + room_poll, reason};
          },
          {e},
          {}};
}

// Where the runtime has published the instance, written down; or that it could not start it in time.
StepResult Steps::address(const Tenant& tenant, const std::optional<Instance>& instance) const {
  const TimePoint now = world_.clock.now();
  if (!instance || instance->state != InstanceState::running) {
    const Millis age = now - tenant.boot_at.value_or(now);
    std::string reason = fmt::format("the instance was accepted, but did not run within {}", human(age));
    if (instance && !instance->error.empty()) reason += ": " + instance->error;
    return boot_failed(tenant, Step::address, reason);
  }
  Tenant found = tenant;
  if (!settings_.policy.stable_ports && instance->host_port) found.port = instance->host_port;
  found.host = instance->address;
  return {[port = found.port, host = found.host, now](Tenant& t) {
            t.port = port;
            t.host = host;
            t.proven = false;
            t.boot_at = now;  // the app's own time to start begins when it runs
          },
          {event(Step::address, fmt::format("published at {}", url(found)), tenant.boot_at)},
          {}};
}

}  // namespace slipway
