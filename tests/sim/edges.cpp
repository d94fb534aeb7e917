#include "tests/sim/edges.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway::sim {
namespace {

constexpr Millis in_flight_limit{15'000};  // how long after its process's death a call may still arrive
constexpr Millis stall_least{20'000};
constexpr Millis stall_most{90'000};  // three times as long as a lease

}  // namespace

std::string_view to_string(Side side) {
  constexpr std::string_view names[] = {"ledger", "runtime", "database", "mail", "probe"};
  return names[static_cast<std::size_t>(side)];
}

void Link::fail(Side side, std::string_view what, const TenantId& whom, std::string_view how) {
  scene_.stage.note(what, whom.value(), how);
  const auto kind = scene_.stage.chance.below(8);
  Error error(kind == 0   ? ErrorKind::internal
              : kind == 1 ? ErrorKind::limited
                          : ErrorKind::unavailable,
              fmt::format("{}: {}: {}", to_string(side), what, how));
  if (kind == 1) throw std::move(error).after(scene_.stage.chance.between(Millis(1), Millis(5'000)));
  throw error;
}

void Link::arrive(Side side, std::string_view what, const TenantId& whom) {
  if (cut_) throw Error(ErrorKind::unavailable, "the process has ended");
  moment(side, true);
  const Weather& weather = scene_.weather(side);
  if (scene_.stage.clock.now() < weather.down_until) fail(side, what, whom, "down");
  if (scene_.stage.chance.one_of_thousand(weather.failing)) fail(side, what, whom, "failed");
}

void Link::leave(Side side, std::string_view what, const TenantId& whom) {
  scene_.stage.note(what, whom.value(), scene_.stage.current().in_flight ? "late, of a dead process" : "");
  scene_.stage.current().in_flight = false;
  if (life_.dead) throw Crashed();
  moment(side, false);
  if (scene_.stage.chance.one_of_thousand(scene_.weather(side).losing))
    fail(side, what, whom, "done, the answer is lost");
}

void Link::refused(std::string_view what, const TenantId& whom, const Error& error) {
  scene_.stage.note(what, whom.value(), error.message());
  scene_.stage.current().in_flight = false;
  if (life_.dead) throw Crashed();
}

void Link::moment(Side side, bool before_effect) {
  Stage& stage = scene_.stage;
  Chance& chance = stage.chance;
  const Weather& weather = scene_.weather(side);
  Actor& actor = stage.current();
  Millis delay{0};
  if (chance.one_of_thousand(weather.slow)) delay = chance.between(Millis(1), weather.slowness);
  if (chance.one_of_thousand(weather.stalling)) delay = chance.between(stall_least, stall_most);
  const bool crash = chance.below(10'000) < weather.crashing;
  if (delay == Millis(0) && !crash && chance.half()) return;
  actor.before_effect = before_effect && side != Side::ledger && side != Side::probe;
  if (crash) {
    die(stage, life_);
    delay = actor.in_flight ? actor.ready_at - stage.clock.now() : Millis(0);
  }
  stage.pause(delay);
  actor.before_effect = false;
}

void die(Stage& stage, Life& life) {
  stage.note("a process dies");
  life.dead = true;
  for (const auto& actor : stage.actors()) {
    if (actor->process != &life) continue;
    actor->in_flight = actor->before_effect && stage.chance.half();
    actor->ready_at = stage.clock.now();
    if (actor->in_flight) actor->ready_at += stage.chance.between(Millis(0), in_flight_limit);
  }
}

// --- the ledger ---------------------------------------------------------------------------------------------------

SignUpResult StoreEdge::sign_up(const NewTenant& wanted, TimePoint now) {
  return link_.call(Side::ledger, "sign_up", wanted.tenant.id, [&] {
    auto result = ledger().sign_up(wanted, now);
    link_.judge().signed_up(result);
    return result;
  });
}

std::optional<Tenant> StoreEdge::find(const TenantId& id) {
  return link_.call(Side::ledger, "find", id, [&] { return ledger().find(id); });
}

std::optional<Tenant> StoreEdge::find_slug(const Slug& slug) {
  return link_.call(Side::ledger, "find_slug", {}, [&] { return ledger().find_slug(slug); });
}

std::vector<Tenant> StoreEdge::list(const TenantFilter& filter) {
  return link_.call(Side::ledger, "list", {}, [&] { return ledger().list(filter); });
}

std::optional<Tenant> StoreEdge::claim(const TenantId& id, const Lease& lease, TimePoint now) {
  if (link_.root().part != Part::pump) link_.root().tenant = id;
  return link_.call(Side::ledger, "claim", id, [&] {
    auto row = ledger().claim(id, lease, now);
    if (row) link_.judge().claimed(*row, lease, now);
    return row;
  });
}

bool StoreEdge::save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) {
  return link_.call(Side::ledger, "save", tenant.id, [&] {
    const auto before = link_.scene().fakes.store->find(tenant.id);
    const bool again = before && before->status == Status::failed && tenant.status == Status::provisioning;
    if (again && !link_.judge().retry_is_safe(tenant.id)) throw Error(ErrorKind::unavailable, "not yet");
    try {
      const bool saved = ledger().save(tenant, events, holder);
      if (saved) link_.judge().saved(before, tenant, holder && holder->releases, link_.owner());
      return saved;
    } catch (const Error&) {
      // A ledger with a line of its own may have done it and lost the answer. Nobody else has had a turn meanwhile.
      const auto after = link_.scene().fakes.store->find(tenant.id);
      const bool done = before && after && after->version != before->version;
      if (done) link_.judge().saved(before, tenant, holder && holder->releases, link_.owner());
      throw;
    }
  });
}

std::vector<TenantId> StoreEdge::due(TimePoint now, std::size_t limit) {
  return link_.call(Side::ledger, "due", {}, [&] { return ledger().due(now, limit); });
}

std::optional<TimePoint> StoreEdge::next_due() {
  return link_.call(Side::ledger, "next_due", {}, [&] { return ledger().next_due(); });
}

std::optional<Port> StoreEdge::lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                          TimePoint now) {
  link_.root().tenant = tenant.id;
  return link_.call(Side::ledger, "lease_port", tenant.id,
                    [&] { return ledger().lease_port(tenant, refused, held_until, now); });
}

std::vector<PortLease> StoreEdge::ports(TimePoint now) {
  return link_.call(Side::ledger, "ports", {}, [&] { return ledger().ports(now); });
}

std::vector<Event> StoreEdge::events(const TenantId& id, std::uint64_t after, std::size_t limit) {
  return link_.call(Side::ledger, "events", id, [&] { return ledger().events(id, after, limit); });
}

void StoreEdge::append(const TenantId& id, const Event& event) {
  link_.call(Side::ledger, "append", id, [&] { ledger().append(id, event); });
}

Overview StoreEdge::overview(TimePoint now, TimePoint ready_since) {
  return link_.call(Side::ledger, "overview", {}, [&] { return ledger().overview(now, ready_since); });
}

void StoreEdge::release(const TenantId& id, const std::string& owner) {
  link_.call(Side::ledger, "release", id, [&] {
    ledger().release(id, owner);
    link_.judge().released(id, owner);
  });
}

void StoreEdge::break_leases() {
  link_.judge().leases_broken();  // some of them are, even where this fails half-way
  ledger().break_leases();
}

std::optional<Object> StoreEdge::object(std::string_view kind, std::string_view id) {
  return link_.call(Side::ledger, "object", {}, [&] { return ledger().object(kind, id); });
}

bool StoreEdge::put(Object& object) {
  return link_.call(Side::ledger, "put", {}, [&] { return ledger().put(object); });
}

bool StoreEdge::erase(const Object& object) {
  return link_.call(Side::ledger, "erase", {}, [&] { return ledger().erase(object); });
}

std::vector<Object> StoreEdge::objects(std::string_view kind, std::string_view after, std::size_t limit) {
  return link_.call(Side::ledger, "objects", {}, [&] { return ledger().objects(kind, after, limit); });
}

// --- the machine --------------------------------------------------------------------------------------------------

std::string RuntimeEdge::pin(const std::string& image, const Progress& progress) {
  return link_.call(Side::runtime, "pin", {}, [&] { return runtime().pin(image, progress); });
}

void RuntimeEdge::set_limits(const TenantId& tenant, const Plan& plan) {
  link_.call(Side::runtime, "set limits", tenant, [&] {
    link_.scene().fakes.machine->set_limits(tenant, plan);
    return true;
  });
}

Instance RuntimeEdge::create(const InstanceSpec& spec, const Progress& progress) {
  link_.root().tenant = spec.tenant;
  // Told before the call: the fake would tell it in the middle of its work, where nobody else may have a turn.
  if (progress) progress("pulling " + spec.image);
  return link_.call(Side::runtime, "create", spec.tenant, [&] {
    link_.judge().acts(spec.tenant, link_.owner());
    const unsigned before = link_.scene().fakes.machine->creates(spec.tenant);
    Instance made = runtime().create(spec, {});
    if (link_.scene().fakes.machine->creates(spec.tenant) != before) {
      link_.judge().appears("container", spec.tenant);
      link_.judge().appears("volume", spec.tenant);
    }
    return made;
  });
}

StartResult RuntimeEdge::start(const TenantId& tenant, std::uint32_t boot) {
  link_.root().tenant = tenant;
  return link_.call(Side::runtime, "start", tenant, [&] {
    link_.judge().acts(tenant, link_.owner());
    test::FakeRuntime& machine = *link_.scene().fakes.machine;
    const auto before = machine.inspect(tenant);
    const unsigned starts = machine.starts(tenant);
    const StartResult result = runtime().start(tenant, boot);
    if (machine.starts(tenant) != starts && before && before->state == InstanceState::running) {
      link_.judge().starts_again(tenant);
    }
    return result;
  });
}

void RuntimeEdge::stop(const TenantId& tenant, Millis grace) {
  link_.root().tenant = tenant;
  link_.call(Side::runtime, "stop", tenant, [&] {
    link_.judge().acts(tenant, link_.owner());
    link_.judge().ends_instance(tenant, link_.owner());
    runtime().stop(tenant, grace);
  });
}

void RuntimeEdge::remove(const TenantId& tenant, bool volumes) {
  link_.root().tenant = tenant;
  link_.call(Side::runtime, "remove", tenant, [&] {
    link_.judge().acts(tenant, link_.owner());
    link_.judge().ends_instance(tenant, link_.owner());
    if (volumes) link_.judge().destroys_data(tenant);
    runtime().remove(tenant, volumes);
  });
}

std::optional<Instance> RuntimeEdge::inspect(const TenantId& tenant) {
  link_.root().tenant = tenant;
  return link_.call(Side::runtime, "inspect", tenant, [&] { return runtime().inspect(tenant); });
}

std::vector<Instance> RuntimeEdge::instances() {
  return link_.call(Side::runtime, "instances", {}, [&] { return runtime().instances(); });
}

std::vector<Resource> RuntimeEdge::resources() {
  return link_.call(Side::runtime, "resources", {}, [&] { return runtime().resources(); });
}

void RuntimeEdge::discard(const Resource& resource) {
  link_.call(Side::runtime, "discard", resource.tenant, [&] {
    link_.judge().discards(resource, link_.owner());
    runtime().discard(resource);
  });
}

// --- Postgres, mail, the app --------------------------------------------------------------------------------------

void DatabaseEdge::ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) {
  link_.root().tenant = tenant;
  link_.call(Side::database, "ensure", tenant, [&] {
    link_.judge().acts(tenant, link_.owner());
    const bool there = link_.scene().fakes.postgres->exists(tenant);
    database().ensure(tenant, plan, missing);
    link_.judge().opens_or_closes(tenant, link_.owner());
    if (!there) link_.judge().appears("database", tenant);
    if (!there) link_.judge().appears("role", tenant);
  });
}

CallResult DatabaseEdge::close(const TenantId& tenant) {
  link_.root().tenant = tenant;
  return link_.call(Side::database, "close", tenant, [&] {
    link_.judge().acts(tenant, link_.owner());
    link_.judge().opens_or_closes(tenant, link_.owner());
    return database().close(tenant);
  });
}

CallResult DatabaseEdge::drop(const TenantId& tenant) {
  link_.root().tenant = tenant;
  return link_.call(Side::database, "drop", tenant, [&] {
    link_.judge().acts(tenant, link_.owner());
    link_.judge().destroys_data(tenant);
    return database().drop(tenant);
  });
}

std::vector<Resource> DatabaseEdge::resources() {
  return link_.call(Side::database, "databases", {}, [&] { return database().resources(); });
}

void DatabaseEdge::discard(const Resource& resource) {
  link_.call(Side::database, "discard", resource.tenant, [&] {
    link_.judge().discards(resource, link_.owner());
    database().discard(resource);
  });
}

std::string MailerEdge::send(const Message& message, const std::string& key) {
  return link_.call(Side::mail, "mail", link_.root().tenant,
                    [&] { return link_.scene().fakes.mailer().send(message, key); });
}

ProbeResult ProbeEdge::ask(const ProbeTarget& target, const std::string& url, Millis timeout) {
  try {
    return link_.call(Side::probe, "probe", link_.root().tenant,
                      [&] { return link_.scene().probe.ask(target, url, timeout); });
  } catch (const Error& error) {
    return {false, error.message()};  // a probe throws nothing
  }
}

}  // namespace slipway::sim
