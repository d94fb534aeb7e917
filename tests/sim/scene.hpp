#pragma once
#include <string_view>

#include "engine/settings.hpp"
#include "tests/fakes/fake_probe.hpp"
#include "tests/sim/fakes.hpp"
#include "tests/sim/judge.hpp"
#include "tests/sim/stage.hpp"

namespace slipway::sim {

// What can go wrong between a process and something that it depends on.
enum class Side { ledger, runtime, database, mail, probe };
constexpr std::size_t side_count = 5;
std::string_view to_string(Side side);

struct Weather {
  TimePoint down_until;  // every call fails at once
  unsigned failing = 0;  // of a thousand calls, how many do nothing and fail
  unsigned losing = 0;   // … do their work and fail
  unsigned slow = 0;     // … take up to `slowness`, before or after their work
  Millis slowness{200};
  unsigned stalling = 0;  // … take longer than a lease
  unsigned crashing = 0;  // of ten thousand: the process dies there
};

// All that outlives a process: the ledger, the machine with its containers, Postgres, the mail provider; the weather
// between them; and the judge, who sees everything.
struct Scene {
  Scene(std::uint64_t seed, std::ostream* trace, Settings chosen, Fakes made)
      : stage(seed, trace),
        settings(std::move(chosen)),
        fakes(std::move(made)),
        probe(*fakes.machine),
        judge(stage, settings, fakes, probe) {}

  Weather& weather(Side side) { return skies[static_cast<std::size_t>(side)]; }

  Stage stage;
  Settings settings;
  Fakes fakes;
  test::FakeProbe probe;
  Judge judge;
  Weather skies[side_count];
};

}  // namespace slipway::sim
