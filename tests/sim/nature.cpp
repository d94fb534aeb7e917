#include "tests/sim/nature.hpp"

#include <fmt/format.h>

#include "tests/sim/settings.hpp"

namespace slipway::sim {
namespace {

constexpr Side sides[] = {Side::ledger, Side::runtime, Side::database, Side::mail, Side::probe};

}  // namespace

void Nature::begin() {
  Chance& chance = scene_.stage.chance;
  // Mostly little of each, now and then much: a calm seed shows what one misfortune does, in a rough one they meet.
  const auto most = [&](std::uint64_t limit) {
    return static_cast<unsigned>(chance.below(limit + 1) * chance.below(limit + 1) / (limit + 1));
  };
  for (const Side side : sides) {
    Weather& weather = scene_.weather(side);
    weather.slow = most(500);
    weather.failing = most(100);
    weather.losing = most(100);
    weather.stalling = most(60);
    weather.crashing = most(100);
    if (chance.one_of_thousand(100)) weather.slowness = Millis(10'000);
  }
  jumps_ = chance.one_of_thousand(300);

  neighbours_instance(TenantId("t_0neighbour0000000000"));
}

// Of another installation on the same machine, without our label. One that was made from a copy of our ledger has
// tenants with the same ids.
void Nature::neighbours_instance(const TenantId& id) {
  test::FakeRuntime other(*scene_.fakes.machine, InstallationId("other1"));
  if (other.inspect(id)) return;
  InstanceSpec spec;
  spec.tenant = id;
  spec.image = scene_.settings.app.image;
  try {
    other.create(spec, {});
  } catch (const Error&) {
    return;  // the image is gone for everybody
  }
  scene_.judge.strangers_instance({"container", "the neighbour's", id});
}

Millis Nature::strike() {
  Chance& chance = scene_.stage.chance;
  if (!customers_.known().empty() && chance.half()) {
    const TenantId id = chance.pick(customers_.known());
    chance.half() ? trouble_instance(id) : trouble_app(id);
  } else {
    switch (chance.below(3)) {
      case 0:
        trouble_machine();
        break;
      case 1:
        trouble_dependency();
        break;
      default:
        trouble_process();
    }
  }
  return chance.between(Millis(10), Millis(20'000));
}

void Nature::tell_of(const TenantId& id) {
  if (Process* process = any_process_(); process != nullptr && scene_.stage.chance.one_of_thousand(700)) {
    process->hears_of(id);
  }
}

void Nature::trouble_instance(const TenantId& id) {
  Chance& chance = scene_.stage.chance;
  test::FakeRuntime& machine = *scene_.fakes.machine;
  switch (chance.below(4)) {
    case 0:
      scene_.stage.note("the container is removed by hand", id.value());
      machine.vanish(id);
      break;
    case 1:
      scene_.stage.note("the app is killed", id.value());
      machine.kill(id);
      break;
    case 2:
      scene_.stage.note("the app has no memory left", id.value());
      machine.exit(id, 137, true);
      break;
    default:
      scene_.stage.note("the app exits", id.value());
      machine.exit(id, 0);
  }
  tell_of(id);
}

void Nature::trouble_app(const TenantId& id) {
  Chance& chance = scene_.stage.chance;
  moody_.insert(id);
  switch (chance.below(4)) {
    case 0:
      scene_.stage.note("the app will be slow", id.value());
      scene_.probe.ready_after(id, static_cast<unsigned>(chance.between(1, 40)));
      break;
    case 1:
      scene_.stage.note("the app answers nothing", id.value());
      scene_.probe.never_ready(id);
      break;
    case 2:
      scene_.stage.note("the app will end at once", id.value());
      scene_.fakes.machine->exit_on_start(id, 1);
      break;
    default:
      scene_.stage.note("the app is well", id.value());
      scene_.probe.ready(id);
      scene_.fakes.machine->exit_on_start(id, {});
  }
}

void Nature::trouble_machine() {
  Chance& chance = scene_.stage.chance;
  test::FakeRuntime& machine = *scene_.fakes.machine;
  switch (chance.below(6)) {
    case 0:
      scene_.stage.note("the machine restarts");
      machine.reboot();
      break;
    case 1: {
      const Port port(static_cast<std::uint16_t>(20'000 + chance.below(10)));
      if (machine.listener(port)) break;
      scene_.stage.note("a stranger takes a port", std::to_string(port.value()));
      machine.take_port(port);
      taken_.push_back(port);
      break;
    }
    case 2:
      for (const Port port : taken_) machine.free_port(port);
      taken_.clear();
      break;
    case 3:
      scene_.stage.note("the image is gone");
      chance.half() ? machine.remove_image(scene_.settings.app.image) : machine.add_image(scene_.settings.app.image);
      if (chance.half()) machine.push_image(scene_.settings.app.image);
      break;
    case 4: {
      const auto gone = scene_.judge.deleted_tenants();
      const TenantId owner = gone.empty() ? TenantId(fmt::format("t_0unknown{:012}", ++strangers_)) : chance.pick(gone);
      if (scene_.fakes.postgres->exists(owner) || !orphaned_.insert(owner).second) break;
      scene_.stage.note(gone.empty() ? "something of an unknown tenant is found" : "an orphan is found", owner.value());
      scene_.fakes.postgres->ensure(owner, Plan{});
      scene_.judge.appears("database", owner);
      scene_.judge.appears("role", owner);
      gone.empty() ? scene_.judge.unknown_to_the_ledger(owner) : neighbours_instance(owner);
      break;
    }
    default:
      if (!jumps_) break;
      const Millis jump = chance.between(Millis(1'000), Millis(600'000));
      scene_.stage.note("the clock jumps", human(jump));
      scene_.stage.clock.advance(jump);
  }
}

void Nature::trouble_dependency() {
  Chance& chance = scene_.stage.chance;
  const Side side = chance.pick(sides);
  const Millis time = chance.between(Millis(100), Millis(chance.one_of_thousand(100) ? 400'000 : 40'000));
  scene_.stage.note("is down", to_string(side), human(time));
  scene_.weather(side).down_until = scene_.stage.clock.now() + time;
}

void Nature::trouble_process() {
  Process* process = any_process_();
  if (process == nullptr || process->dead) return;
  Chance& chance = scene_.stage.chance;
  switch (chance.below(3)) {
    case 0:
      die(scene_.stage, *process);
      break;
    case 1:
      scene_.stage.note("a process is told to stop", process->owner());
      process->stop();
      break;
    default: {
      const Millis time = chance.between(Millis(1'000), longest_freeze);
      scene_.stage.note("a process freezes", process->owner(), human(time));
      process->frozen_until = scene_.stage.clock.now() + time;
    }
  }
}

void Nature::calm_down() {
  Chance& chance = scene_.stage.chance;
  scene_.stage.note("the sky clears");
  for (Weather& weather : scene_.skies) weather = Weather{};
  test::FakeRuntime& machine = *scene_.fakes.machine;
  for (const Port port : taken_) machine.free_port(port);
  machine.add_image(scene_.settings.app.image);
  for (const TenantId& id : moody_) {
    if (chance.one_of_thousand(200)) {
      scene_.judge.will_stay_bad(id);
      continue;
    }
    scene_.probe.ready(id);
    machine.exit_on_start(id, {});
  }
}

}  // namespace slipway::sim
