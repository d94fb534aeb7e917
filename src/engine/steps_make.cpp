#include <fmt/format.h>

#include "base/error.hpp"
#include "engine/steps.hpp"

// What is made for a tenant before its app can start.
namespace slipway {
namespace {

constexpr Millis port_hold{3'600'000};  // before a port that belongs to a stranger's program is tried again

}  // namespace

StepResult Steps::lease_port(const Tenant& tenant, const Seen&) const {
  const auto refused = tenant.refused_port;
  const TimePoint now = world_.clock.now();
  const auto port = world_.store.lease_port(tenant, refused, now + port_hold, now);
  // Whoever writes the row without its new port releases the lease, so another write meanwhile makes it worthless.
  StepResult result;
  result.if_unchanged = true;
  if (!port) {
    result.patch = [](Tenant&) {};  // the row was written already: saving finds that, and all is decided anew
    return result;
  }
  result.patch = [port](Tenant& t) {
    t.port = port;
    t.refused_port.reset();
  };
  const std::string words = refused
                                ? fmt::format("port {} is held by another program on this machine; moved to port {}",
                                              refused->value(), port->value())
                                : fmt::format("port {} leased", port->value());
  result.events = {event(Step::lease_port, words)};
  return result;
}

StepResult Steps::create_database(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  // A restart is a new beginning for the database's sessions too.
  const bool restart = tenant.restart_wanted != tenant.restart_done;
  if (restart && world_.database.close(tenant.id) == CallResult::under_way) return {{}, {}, database_poll};
  // A customer's data is not replaced by an empty database.
  const IfMissing missing = tenant.first_ready_at ? IfMissing::refuse : IfMissing::make;
  world_.database.ensure(tenant.id, plan_of(settings_, tenant), missing);
  return {[](Tenant& t) {
            t.database_made = true;
            t.database_closed = false;
          },
          {event(Step::create_database, "database ready", began)},
          {}};
}

StepResult Steps::create_instance(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  const Progress progress = [&](const std::string& message) {
    Event e = event(Step::create_instance, message);
    e.kind = "progress";
    quoting_.mask(tenant.id, e);
    world_.store.append(tenant.id, e);
    watch_.changed(tenant.id);
  };
  // A customer keeps what they were given; until they have it, what slipway.yaml says now is theirs.
  const bool keeps = tenant.first_ready_at && !tenant.upgrade && !tenant.release.empty();
  std::shared_ptr<const Release> release;
  try {
    release =
        keeps ? specs_.find(tenant.release)
              : specs_.todays(tenant, [&](const std::string& image) { return world_.runtime.pin(image, progress); });
  } catch (const Error& error) {
    if (!tenant.first_ready_at || !tenant.upgrade) throw;
    return keep_what_it_had(error);
  }
  const InstanceSpec spec = specs_.spec(tenant, *release);
  const Instance made = world_.runtime.create(spec, progress);
  return {[id = made.id, release, fingerprint = spec.fingerprint, plan = spec.plan](Tenant& t) {
            t.instance_id = id;
            t.release = release->id;
            t.image = release->app.image;
            t.fingerprint = fingerprint;
            t.given = plan;
            t.upgrade = t.outdated = false;
          },
          {event(Step::create_instance, "instance created", began)},
          {}};
}

// A working customer is not down for an image that cannot be had: what they had is still there, and starts again.
StepResult Steps::keep_what_it_had(const Error& why) const {
  Event e =
      event(Step::create_instance, fmt::format("the upgrade has failed, and what ran before runs on: {}", why.what()));
  e.kind = "error";
  return {[](Tenant& t) { t.upgrade = false; }, {e}, {}};
}

StepResult Steps::set_limits(const Tenant& tenant, const Seen&) const {
  const Plan plan = plan_of(settings_, tenant);
  world_.database.ensure(tenant.id, plan, IfMissing::refuse);
  world_.limits->set_limits(tenant.id, plan);
  return {[plan](Tenant& t) { t.given = plan; }, {event(Step::set_limits, "limits are those of the plan again")}, {}};
}

}  // namespace slipway
