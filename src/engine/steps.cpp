#include "engine/steps.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "engine/env.hpp"
#include "engine/welcome.hpp"
#include "model/giving_up.hpp"

namespace slipway {
namespace {

constexpr Millis probe_timeout{2'000};
constexpr Millis port_hold{3'600'000};  // before a port that belongs to a stranger's program is tried again
constexpr std::size_t last_words_lines = 5;
constexpr std::size_t last_words_bytes = 600;
constexpr std::size_t last_words_read_bytes = 1u << 20;
constexpr std::size_t last_words_kept_bytes = 16u << 10;  // the end of them, to be searched for secrets

}  // namespace

StepResult Steps::perform(Step step, const Tenant& tenant, const std::optional<Instance>& instance) const {
  switch (step) {
    case Step::inspect:
      break;  // the reconciler's own
    case Step::lease_port:
      return lease_port(tenant);
    case Step::create_database:
      return create_database(tenant);
    case Step::create_instance:
      return create_instance(tenant);
    case Step::set_limits:
      return set_limits(tenant);
    case Step::start_instance:
      return start_instance(tenant);
    case Step::record_exit:
      return record_exit(tenant, instance);
    case Step::address:
      return address(tenant, instance);
    case Step::probe:
      return probe(tenant);
    case Step::send_mail:
      return send_mail(tenant);
    case Step::stop_instance:
      return stop_instance(tenant);
    case Step::close_database:
      return close_database(tenant);
    case Step::remove_instance:
      return remove_instance(tenant);
    case Step::drop_database:
      return drop_database(tenant);
    case Step::finish:
      return finish(tenant);
  }
  throw Error(ErrorKind::internal, fmt::format("no way to perform step '{}'", to_string(step)));
}

Event Steps::event(Step step, std::string message, std::optional<TimePoint> since) const {
  Event e;
  e.at = world_.clock.now();
  e.kind = "step";
  e.step = to_string(step);
  e.message = std::move(message);
  if (since) e.duration = e.at - *since;
  return e;
}

StepResult Steps::lease_port(const Tenant& tenant) const {
  const auto refused = tenant.refused_port;
  const auto port = world_.store.lease_port(tenant, refused, world_.clock.now() + port_hold);
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

StepResult Steps::create_database(const Tenant& tenant) const {
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

std::string Steps::url(const Tenant& tenant) const { return access_url(settings_.access, tenant); }

ProbeTarget Steps::published_at(const Tenant& tenant) const {
  const std::string& configured = settings_.access.probe_address;
  if (!configured.empty()) return {configured, tenant.port.value()};
  return {tenant.host.empty() ? "127.0.0.1" : tenant.host, tenant.port.value()};
}

StepResult Steps::create_instance(const Tenant& tenant) const {
  const TimePoint began = world_.clock.now();
  const Progress progress = [&](const std::string& message) {
    Event e = event(Step::create_instance, message);
    e.kind = "progress";
    quoting_.mask(tenant.id, e);
    world_.store.append(tenant.id, e);
    watch_.changed(tenant.id);
  };
  // A customer keeps what they were given; until they have it, what slipway.yaml says now is theirs.
  const bool keeps = tenant.first_ready_at && !tenant.release.empty();
  const auto release =
      keeps ? specs_.find(tenant.release)
            : specs_.todays(tenant, [&](const std::string& image) { return world_.runtime.pin(image, progress); });
  const InstanceSpec spec = specs_.spec(tenant, *release);
  const Instance made = world_.runtime.create(spec, progress);
  return {[id = made.id, release, fingerprint = spec.fingerprint, plan = spec.plan](Tenant& t) {
            t.instance_id = id;
            t.release = release->id;
            t.image = release->app.image;
            t.fingerprint = fingerprint;
            t.given = plan;
            t.outdated = false;
          },
          {event(Step::create_instance, "instance created", began)},
          {}};
}

StepResult Steps::set_limits(const Tenant& tenant) const {
  const Plan plan = plan_of(settings_, tenant);
  world_.database.ensure(tenant.id, plan, IfMissing::refuse);
  world_.limits->set_limits(tenant.id, plan);
  return {[plan](Tenant& t) { t.given = plan; }, {event(Step::set_limits, "limits are those of the plan again")}, {}};
}

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

StepResult Steps::start_instance(const Tenant& tenant) const {
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

std::string Steps::last_words(const Tenant& tenant) const {
  if (world_.logs == nullptr) return {};
  std::string text;
  std::size_t read_bytes = 0;
  try {
    world_.logs->logs(tenant.id, last_words_lines, false,
                      [&](std::string_view chunk) {
                        text += chunk;
                        read_bytes += chunk.size();
                        if (text.size() > last_words_kept_bytes) text.erase(0, text.size() - last_words_kept_bytes);
                        return read_bytes < last_words_read_bytes;
                      },
                      {});
  } catch (const Error&) {
    return {};  // a reason without last words is still a reason
  }
  // Masked before it is cut: half a secret is one too.
  return quoted_last_words(quoting_(tenant.id, text), last_words_bytes);
}

StepResult Steps::record_exit(const Tenant& tenant, const std::optional<Instance>& instance) const {
  if (instance && instance->no_room) return wait_for_room(tenant, instance->error);
  const TimePoint now = world_.clock.now();
  const Millis ran = tenant.boot_at ? now - *tenant.boot_at : Millis(0);
  std::string reason = describe_exit(instance, ran);
  if (instance) reason += last_words(tenant);
  const unsigned before = ran >= settings_.policy.stable_after ? 0 : tenant.crashes;
  const unsigned crashes = before + 1;
  const Trouble trouble{instance && instance->hopeless ? Trouble::Kind::permanent : Trouble::Kind::exit, reason,
                        code_of_exit(instance), crashes};
  const bool give_up = gives_up(tenant, trouble, settings_.policy);
  // The first restart is at once; then the waits grow.
  const Millis wait = crashes == 1 ? Millis(0) : settings_.policy.restart.wait(crashes - 2, world_.random);
  Event e = event(Step::record_exit, reason);
  e.kind = "error";
  return {[=, stable = settings_.policy.stable_ports](Tenant& t) {
            t.crashes = crashes;
            t.instance_ended();
            if (crashes > 1) t.database_made = false;  // it may be what is wrong
            if (!stable) t.forget_address();
            write_down(t, trouble, give_up);
            t.attempts[Step::start_instance] = {crashes, now, now + wait, reason};
            if (!instance) t.instance_id.clear();
          },
          {e},
          {},
          give_up};
}

StepResult Steps::probe(const Tenant& tenant) const {
  const TimePoint began = world_.clock.now();
  const TimePoint boot_at = tenant.boot_at.value_or(began);
  const ProbeResult answer =
      world_.probe.ask(published_at(tenant), url(tenant) + specs_.app(tenant).health_path, probe_timeout);
  const TimePoint now = world_.clock.now();
  if (!answer.ready) {
    const Millis age = now - boot_at;
    if (is_overdue(tenant, age)) return boot_overdue(tenant, answer.detail, age);
    return {{}, {}, probe_interval(age)};
  }
  const bool first = !tenant.first_ready_at;
  return {[=](Tenant& t) {
            t.proven = true;
            t.reason.clear();
            t.status = Status::active;
            if (!t.first_ready_at) t.first_ready_at = now;
            if (first && find_mail(t, "welcome") == nullptr) t.mails.push_back(new_mail(t, "welcome"));
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

// A key belongs to one mail, so one that was used was used for this mail: an earlier try arrived, and the templates or
// the configuration have changed since.
std::string Steps::send_or_find_sent(const Message& message, const std::string& key) const {
  try {
    return world_.mailer.send(message, key);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::conflict) throw;
    return {};
  }
}

StepResult Steps::send_mail(const Tenant& tenant) const {
  const TimePoint now = world_.clock.now();
  const auto mail = std::find_if(tenant.mails.begin(), tenant.mails.end(),
                                 [&](const Mail& m) { return is_owed(m, tenant) && m.not_before <= now; });
  if (mail == tenant.mails.end()) return {};
  Mail after = *mail;
  ++after.attempts;
  Event e;
  try {
    const Message message = compose_mail(settings_, tenant, after);
    after.provider_id = send_or_find_sent(message, after.key);
    after.state = MailState::sent;
    after.sent_at = world_.clock.now();
    after.error.clear();
    e = event(Step::send_mail, fmt::format("{} mail sent to {}", after.purpose, message.to), now);
  } catch (const Error& error) {
    if (after.first_at == TimePoint()) after.first_at = now;  // the first failure ever, or since a retry
    after.error = error.what();
    const Millis wait = std::max(error.retry_after().value_or(Millis(0)),
                                 settings_.policy.mail.wait(after.attempts - 1, world_.random));
    after.not_before = now + wait;
    if (gives_up(after, error.retryable(), settings_.policy, now)) after.state = MailState::failed;
    e = event(Step::send_mail,
              fmt::format("{} mail was not sent ({}): {}", after.purpose,
                          after.state == MailState::failed ? "given up" : "will be tried again", error.what()),
              now);
    e.kind = "error";
  }
  return {[after](Tenant& t) {
            for (Mail& m : t.mails) {
              if (m.key == after.key) m = after;
            }
          },
          {e},
          {}};
}

}  // namespace slipway
