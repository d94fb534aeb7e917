#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string_view>
#include <vector>

#include "model/names.hpp"
#include "tests/fakes/manual_clock.hpp"
#include "tests/sim/chance.hpp"
#include "tests/sim/fiber.hpp"

namespace slipway::sim {

// Leaves everything that a process was doing when it died. No Error: nothing in the engine catches it.
struct Crashed {};

// What the stage must know of a process.
struct Life {
  bool dead = false;
  TimePoint frozen_until;
  unsigned actors = 0;  // that are at work in it
};

enum class Part { worker, pump, sweep, customer, other };

// One flow of control: a worker that reconciles, a step beside another one, a request.
struct Actor {
  unsigned number = 0;
  Part part = Part::other;
  Life* process = nullptr;  // in whose memory it works
  Actor* root = nullptr;    // the one of whose work this one does a part; itself
  Actor* parent = nullptr;
  TenantId tenant;  // of a root: that it works on
  TimePoint ready_at;
  bool before_effect = false;  // it has sent something into the world that has not arrived yet
  bool in_flight = false;      // its process is dead; what it has sent still arrives
  unsigned children = 0;
  bool waiting = false;        // for the last of them to end
  std::exception_ptr failure;  // of a child
  std::unique_ptr<Fiber> fiber;
};

// Gives the actors their turns, one at a time, in an order that the seed decides, and turns the clock.
class Stage {
 public:
  Stage(std::uint64_t seed, std::ostream* trace) : chance(seed), trace_(trace) {}

  test::ManualClock clock;
  Chance chance;

  Actor& enter(Part part, Life* process, std::function<void()> body, Millis delay = Millis(0));
  // The actor goes to work in a process, or leaves it.
  static void move(Actor& actor, Life* process);

  Actor& current() { return *current_; }
  // Of the current actor: others have their turns meanwhile. Throws Crashed where its process is dead afterwards,
  // unless what it has sent is in flight.
  void pause(Millis time);
  // A SideBySide: each task as an actor.
  void together(const std::vector<std::function<void()>>& tasks);

  // How many could have their turn now; and lets one of them have it.
  std::size_t ready();
  void turn();
  // When the next one is ready.
  std::optional<TimePoint> next() const;
  const std::vector<std::unique_ptr<Actor>>& actors() const { return actors_; }

  // One line of what happened. All lines together are the run: the same seed, the same hash.
  void note(std::string_view what, std::string_view whom = {}, std::string_view how = {});
  bool tracing() const { return trace_ != nullptr; }
  std::uint64_t hash() const { return hash_; }
  std::uint64_t notes() const { return notes_; }

 private:
  static bool held_up(const Actor& actor, TimePoint now);
  void leave(std::size_t index);
  void digest(std::string_view text);

  std::ostream* trace_;
  std::vector<std::unique_ptr<Actor>> actors_;
  std::vector<std::size_t> ready_;
  Actor* current_ = nullptr;
  unsigned entered_ = 0;
  std::uint64_t hash_ = 0xCBF29CE484222325ull;
  std::uint64_t notes_ = 0;
};

}  // namespace slipway::sim
