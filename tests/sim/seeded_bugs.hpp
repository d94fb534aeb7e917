#pragma once
#include <string>
#include <vector>

#include "tests/sim/simulation.hpp"

namespace slipway::sim {

// A mistake that somebody could make in Slipway or in a driver, put around the fakes.
struct SeededBug {
  std::string name;
  std::function<void(Fakes&)> break_fakes;
  std::function<void(Settings&)> break_settings;
};

std::vector<SeededBug> seeded_bugs();

}  // namespace slipway::sim
