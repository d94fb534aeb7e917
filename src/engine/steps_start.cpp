#include <fmt/format.h>

#include "base/error.hpp"
#include "engine/steps.hpp"
#include "engine/welcome.hpp"
#include "model/giving_up.hpp"

// From a start to the proof that the app answers.
namespace slipway {

// An instance that was removed by hand since it was seen is made anew: no reason to give a provisioning up, as another
// not_found (a program that its image lacks) is.
StartResult Steps::start_what_is_there(const Tenant& tenant) const {
  try {
    return world_.runtime.start(tenant.id, tenant.boots);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::not_found || world_.runtime.inspect(tenant.id)) throw;
    throw Error(ErrorKind::unavailable, "the instance was removed from outside before it could start");
  }
}

StepResult Steps::start_instance(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  const Plan plan = plan_of(settings_, tenant);
  if (world_.limits != nullptr && tenant.given != plan) world_.limits->set_limits(tenant.id, plan);
  if (start_what_is_there(tenant) == StartResult::port_taken) return move_port(tenant);
  const TimePoint now = world_.clock.now();
  const std::string where = tenant.port ? fmt::format(" on port {}", tenant.port->value()) : "";
  return {[now, plan, done = tenant.restart_wanted, boots = tenant.boots + 1](Tenant& t) {
            t.given = plan;
            t.boots = boots;
            t.host.clear();  // it may come up on another machine
            t.started = true;
            t.proven = false;
            t.boot_at = now;
            t.restart_done = done;
          },
          {event(Step::start_instance, "instance started" + where, began)},
          {}};
}

// Before a tenant is first ready its port may still change. Afterwards customers know the URL, so it waits instead.
StepResult Steps::move_port(const Tenant& tenant) const {
  const Port taken = tenant.port.value();
  if (tenant.first_ready_at) {
    throw Error(ErrorKind::unavailable,
                fmt::format("port {} is held by another program on this machine, and the tenant's URL must not change; "
                            "find it with `ss -ltnp 'sport = :{}'` and end it",
                            taken.value(), taken.value()));
  }
  // The row gives its port up first and leases another one in the next round: at every instant the ledger's lease and
  // the row agree.
  world_.runtime.remove(tenant.id, false);
  return {[taken](Tenant& t) {
            t.refused_port = taken;
            t.port.reset();
            t.instance_id.clear();
          },
          {},
          {}};
}

// Where the runtime has published the instance, written down; or that it could not start it in time.
StepResult Steps::address(const Tenant& tenant, const Seen& instance) const {
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

ProbeTarget Steps::published_at(const Tenant& tenant) const {
  const std::string& configured = settings_.access.probe_address;
  if (!configured.empty()) return {configured, tenant.port.value()};
  return {tenant.host.empty() ? "127.0.0.1" : tenant.host, tenant.port.value()};
}

StepResult Steps::probe(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  const TimePoint boot_at = tenant.boot_at.value_or(began);
  const AppSpec app = specs_.app(tenant);
  const ProbeResult answer = world_.probe.ask(published_at(tenant), url(tenant) + app.health_path,
                                              probe_timeout(began - boot_at, app.start_timeout));
  const TimePoint now = world_.clock.now();
  if (!answer.ready) {
    const Millis age = now - boot_at;
    if (is_overdue(tenant, age)) return boot_overdue(tenant, answer.detail, age);
    return {{}, {}, probe_interval(age)};
  }
  const bool first = !tenant.first_ready_at;
  return {[=, proven_url = url(tenant)](Tenant& t) {
            t.proven = true;
            t.url = proven_url;
            t.reason.clear();
            t.status = Status::active;
            if (!t.first_ready_at) t.first_ready_at = now;
            if (first && find_mail(t, "welcome") == nullptr) owe_mail(t, "welcome");
          },
          {event(Step::probe, fmt::format("{} answered ({})", url(tenant), answer.detail), boot_at)},
          {}};
}

// A first boot has twice the time while others boot beside it: then it may only be slow for want of a processor.
bool Steps::is_overdue(const Tenant& tenant, Millis age) const {
  const Millis time = specs_.app(tenant).start_timeout;
  const bool excused = !tenant.first_ready_at && boots_ != nullptr && boots_->in_company(tenant.id);
  return age >= (excused ? 2 * time : time);
}

StepResult Steps::boot_overdue(const Tenant& tenant, const std::string& detail, Millis age) const {
  return boot_failed(tenant, Step::probe,
                     fmt::format("the app did not answer {}{} within {} of its start; the last answer was: {}{}",
                                 url(tenant), specs_.app(tenant).health_path, human(age), detail, last_words(tenant)));
}

StepResult Steps::boot_failed(const Tenant& tenant, Step step, const std::string& reason) const {
  const TimePoint now = world_.clock.now();
  const unsigned crashes = tenant.crashes + 1;
  const Millis wait = settings_.policy.restart.wait(crashes - 1, world_.random);
  const ReasonCode code = step == Step::address ? ReasonCode::app_not_started : ReasonCode::app_not_answering;
  const Trouble trouble{Trouble::Kind::overdue, reason, code, crashes};
  const bool give_up = gives_up(tenant, trouble, settings_.policy);
  Event e = event(step, reason, tenant.boot_at);
  e.kind = "error";
  return {[=](Tenant& t) {
            t.crashes = crashes;
            write_down(t, trouble, give_up);
            if (give_up) return;
            t.restart_wanted = std::max(t.restart_wanted, t.restart_done + 1);  // stop it and start it anew
            t.attempts[Step::start_instance] = {crashes, now, now + wait, reason};
          },
          {e},
          {},
          give_up};
}

}  // namespace slipway
