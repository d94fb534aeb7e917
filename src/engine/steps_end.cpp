#include "engine/steps.hpp"
#include "engine/welcome.hpp"

// Steps that end an instance or take back what was made for a tenant.
namespace slipway {

StepResult Steps::stop_instance(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  world_.runtime.stop(tenant.id, specs_.app(tenant).stop_timeout);
  return {[stable = settings_.policy.stable_ports](Tenant& t) {
            t.instance_ended();
            t.database_made = t.database_closed = false;  // what ran may have changed its role
            if (!stable) t.forget_address();
          },
          {event(Step::stop_instance, "instance stopped", began)},
          {}};
}

StepResult Steps::close_database(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  if (world_.database.close(tenant.id) == CallResult::under_way) return {{}, {}, database_poll};
  return {[](Tenant& t) {
            t.database_made = false;
            t.database_closed = true;
          },
          {event(Step::close_database, "database closed: no log-in, and no session is left", began)},
          {}};
}

StepResult Steps::remove_instance(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  world_.runtime.remove(tenant.id, true);
  return {[](Tenant& t) {
            t.instance_removed = true;
            t.instance_ended();
            t.instance_id.clear();
          },
          {event(Step::remove_instance, "instance and volumes removed", began)},
          {}};
}

StepResult Steps::drop_database(const Tenant& tenant, const Seen&) const {
  const TimePoint began = world_.clock.now();
  if (world_.database.drop(tenant.id) == CallResult::under_way) return {{}, {}, database_poll};
  return {[](Tenant& t) {
            t.database_dropped = true;
            t.database_made = false;
          },
          {event(Step::drop_database, "database and role dropped", began)},
          {}};
}

// The end of a deletion (a tombstone stays) or of a failed provisioning (the operator is told).
StepResult Steps::finish(const Tenant&, const Seen&) const {
  const bool tell = !settings_.mail.operator_address.empty();
  return {[tell](Tenant& t) {
            t.forget_address();
            t.refused_port.reset();
            t.attempts.clear();
            if (t.desired == Desired::deleted) {
              std::erase_if(t.mails, [](const Mail& m) { return m.state == MailState::pending; });
              t.status = Status::deleted;
              t.reason.clear();
            } else {
              t.status = Status::failed;
              t.reason = t.failure;
              t.reason_code = t.failure_code;
              if (tell) owe_mail(t, "operator_failure");
            }
          },
          {event(Step::finish, "everything that was made for this tenant has been taken back")},
          {}};
}

}  // namespace slipway
