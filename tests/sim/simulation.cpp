#include "tests/sim/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "tests/fakes/memory_store.hpp"
#include "tests/sim/customers.hpp"
#include "tests/sim/nature.hpp"
#include "tests/sim/settings.hpp"

namespace slipway::sim {
namespace {

constexpr std::uint64_t turns_limit = 400'000;  // of one run; more is a loop that never rests
constexpr Millis settle_limit{30 * 60'000};     // of the clock, after the last misfortune
constexpr Millis settle_least{150'000};         // a misfortune of which no event tells is seen by the next sweep
constexpr Millis settle_look{20'000};           // how often it is looked whether all is at rest
constexpr Millis quiet_time{150'000};           // of a restart that must disturb nobody

Fakes make_fakes(const Options& options) {
  Fakes fakes;
  fakes.store =
      options.make_store ? options.make_store() : std::make_unique<test::MemoryStore>(Port(20'000), Port(20'009));
  fakes.machine = std::make_unique<test::FakeRuntime>(fakes.store->installation());
  fakes.postgres = std::make_unique<test::FakeDatabase>(fakes.store->installation());
  fakes.provider = std::make_unique<test::FakeMailer>();
  if (options.break_fakes) options.break_fakes(fakes);
  return fakes;
}

// Runs the processes, one for each slot, and lets time pass.
class Director {
 public:
  explicit Director(const Options& options)
      : scene_(options.seed, options.trace, settings(), make_fakes(options)), told_(scene_.settings) {
    if (options.break_settings) options.break_settings(told_);
  }
  ~Director() { clear(); }

  Verdict run();

 private:
  struct Slot {
    std::unique_ptr<Process> process;
    TimePoint up_at;
  };

  Process* any_process();
  void chaos(Millis period);
  void settle();
  void restart_quietly();
  bool step(TimePoint until);
  void advance(TimePoint until);
  void tend_processes();
  void clear();

  Scene scene_;
  Settings told_;  // what the processes are configured with
  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<Process>> dead_;
  unsigned started_ = 0;
  unsigned workers_ = 2;
  std::uint64_t turns_ = 0;
  std::optional<TimePoint> strike_at_;

  Customers customers_{scene_, [this] {
                         Process* process = any_process();
                         const bool serves = process != nullptr && !process->stopping() &&
                                             process->frozen_until <= scene_.stage.clock.now();
                         return serves ? process : nullptr;
                       }};
  Nature nature_{scene_, customers_, [this] { return any_process(); }};
};

Process* Director::any_process() {
  Slot& slot = scene_.stage.chance.pick(slots_);
  return slot.process.get();
}

// Buries the dead and starts what is to be up.
void Director::tend_processes() {
  const TimePoint now = scene_.stage.clock.now();
  for (Slot& slot : slots_) {
    if (slot.process && (slot.process->dead || slot.process->stopped())) {
      slot.process->dead = true;
      dead_.push_back(std::move(slot.process));
      slot.up_at = now + scene_.stage.chance.between(Millis(0), Millis(20'000));
    }
    if (!slot.process && slot.up_at <= now) {
      const bool alone = slots_.size() == 1;
      try {
        slot.process = std::make_unique<Process>(scene_, told_, fmt::format("p{}", ++started_), alone, workers_);
      } catch (const Error&) {
        slot.up_at = now + Millis(1'000);  // it could not reach its ledger: whoever started it tries again
      }
    }
  }
  std::erase_if(dead_, [](const auto& process) { return process->actors == 0; });
}

// One thing happens, or the clock goes on to the next one. False when `until` has come.
bool Director::step(TimePoint until) {
  tend_processes();
  const TimePoint now = scene_.stage.clock.now();
  if (now >= until || turns_ > turns_limit) return false;
  const bool strikes = strike_at_ && *strike_at_ <= now;
  if (strikes) {
    strike_at_ = now + nature_.strike();
    return true;
  }
  std::size_t choices = scene_.stage.ready();
  const std::size_t actors = choices;
  for (const Slot& slot : slots_) {
    if (slot.process) choices += slot.process->ready(now);
  }
  if (choices == 0) {
    advance(until);
    return true;
  }
  ++turns_;
  if (scene_.stage.chance.below(choices) < actors) {
    scene_.stage.turn();
    return true;
  }
  std::size_t which = scene_.stage.chance.below(choices - actors);
  for (const Slot& slot : slots_) {
    const std::size_t here = slot.process ? slot.process->ready(now) : 0;
    if (which < here) {
      slot.process->begin(which);
      break;
    }
    which -= here;
  }
  return true;
}

void Director::advance(TimePoint until) {
  const TimePoint now = scene_.stage.clock.now();
  TimePoint next = until;
  if (strike_at_) next = std::min(next, *strike_at_);
  if (const auto actor = scene_.stage.next()) next = std::min(next, *actor);
  for (const Slot& slot : slots_) next = std::min(next, slot.process ? slot.process->next(now) : slot.up_at);
  scene_.stage.clock.advance_to(std::max(next, now + Millis(1)));
}

void Director::chaos(Millis period) {
  nature_.begin();
  customers_.enter(period);
  const TimePoint end = scene_.stage.clock.now() + period;
  strike_at_ = scene_.stage.clock.now() + Millis(500);
  while (step(end) && scene_.judge.violations().empty()) {
  }
  strike_at_.reset();
}

void Director::settle() {
  nature_.calm_down();
  for (Slot& slot : slots_) {
    if (slot.process) slot.process->frozen_until = TimePoint();
  }
  const TimePoint least = scene_.stage.clock.now() + settle_least;
  const TimePoint end = scene_.stage.clock.now() + settle_limit;
  while (scene_.judge.violations().empty()) {
    const TimePoint now = scene_.stage.clock.now();
    while (step(now + settle_look)) {
    }
    const auto unrest = scene_.judge.unrest();
    if (!unrest && now >= least && scene_.stage.actors().empty()) return;
    if (turns_ > turns_limit) return scene_.judge.violated("it comes to rest", unrest.value_or("it turns for ever"));
    if (now >= end) return scene_.judge.violated("it comes to rest", unrest.value_or("somebody still works"));
  }
}

void Director::restart_quietly() {
  const std::uint64_t before = scene_.judge.disturbances();
  for (Slot& slot : slots_) {
    if (slot.process) die(scene_.stage, *slot.process);
  }
  const TimePoint end = scene_.stage.clock.now() + quiet_time;
  while (step(end)) {
  }
  if (scene_.judge.quiet() && scene_.judge.disturbances() != before) {
    scene_.judge.violated("a restart disturbs nobody", fmt::format("{} times", scene_.judge.disturbances() - before));
  }
}

// Everybody goes home: their frames own memory.
void Director::clear() {
  for (Slot& slot : slots_) {
    if (slot.process) dead_.push_back(std::move(slot.process));
  }
  Life nobody;
  nobody.dead = true;
  for (const auto& process : dead_) process->dead = true;
  for (const auto& actor : scene_.stage.actors()) {
    actor->in_flight = false;
    actor->ready_at = scene_.stage.clock.now();
    if (actor->process == nullptr) Stage::move(*actor, &nobody);
  }
  while (scene_.stage.ready() > 0) {
    scene_.stage.turn();
    for (const auto& actor : scene_.stage.actors()) {
      actor->ready_at = scene_.stage.clock.now();
      if (actor->process == nullptr) Stage::move(*actor, &nobody);
    }
  }
  dead_.clear();
}

Verdict Director::run() {
  Chance& chance = scene_.stage.chance;
  slots_.resize(chance.half() ? 1 : 2);
  workers_ = static_cast<unsigned>(chance.between(1, 3));
  for (Slot& slot : slots_) slot.up_at = scene_.stage.clock.now();
  tend_processes();
  chaos(chance.between(Millis(60'000), Millis(600'000)));
  if (scene_.judge.violations().empty()) settle();
  if (scene_.judge.violations().empty()) scene_.judge.final_look();
  if (scene_.judge.violations().empty()) restart_quietly();
  if (scene_.judge.violations().empty()) scene_.judge.final_look();

  Verdict verdict;
  verdict.violations = scene_.judge.violations();
  verdict.late_effects = scene_.judge.late_effects();
  verdict.deaths = started_ - slots_.size();
  TenantFilter all;
  all.limit = 1'000;
  for (const Tenant& t : scene_.fakes.store->list(all)) {
    ++verdict.tenants;
    if (t.status == Status::active) ++verdict.active;
    if (t.status == Status::failed) ++verdict.failed;
    scene_.stage.note("in the end", t.id.value(), to_string(t.status));
  }
  verdict.hash = scene_.stage.hash();
  verdict.notes = scene_.stage.notes();
  return verdict;
}

}  // namespace

Verdict simulate(const Options& options) { return Director(options).run(); }

}  // namespace slipway::sim
