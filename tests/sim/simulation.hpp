#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/settings.hpp"
#include "tests/sim/fakes.hpp"

namespace slipway::sim {

struct Options {
  std::uint64_t seed = 0;
  std::ostream* trace = nullptr;
  // Makes the ledger: any Store that blocks nobody and keeps all of its state in memory.
  std::function<std::unique_ptr<Store>()> make_store;
  // Puts a seeded bug around the fakes, or changes what the engine (not the judge) is told of the settings.
  std::function<void(Fakes&)> break_fakes;
  std::function<void(Settings&)> break_settings;
};

struct Verdict {
  std::vector<std::string> violations;  // none: every promise was kept
  std::uint64_t hash = 0;               // of all that happened, in order
  std::uint64_t notes = 0;              // how much that was
  std::uint64_t late_effects = 0;       // steps that took effect after their lease had run out
  std::uint64_t deaths = 0;
  std::uint64_t tenants = 0;
  std::uint64_t active = 0;
  std::uint64_t failed = 0;
};

// One run from the first sign-up until everything has come to rest: a pure function of its options.
Verdict simulate(const Options& options);

}  // namespace slipway::sim
