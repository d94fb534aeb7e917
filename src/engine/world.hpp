#pragma once
#include "base/clock.hpp"
#include "base/random.hpp"
#include "contracts/database.hpp"
#include "contracts/mailer.hpp"
#include "contracts/observer.hpp"
#include "contracts/probe.hpp"
#include "contracts/runtime.hpp"
#include "contracts/store.hpp"
#include "engine/boot_admission.hpp"
#include "engine/side_by_side.hpp"

namespace slipway {

// All that the engine touches. app/assemble fills it in; tests fill it with fakes.
struct World {
  Store& store;
  Runtime& runtime;
  Database& database;
  Mailer& mailer;
  Probe& probe;
  const Clock& clock;
  Random& random;
  RuntimeLogs* logs = nullptr;      // an ability that not every runtime has
  RuntimeLimits* limits = nullptr;  // the same
  Observer* observer = nullptr;     // told of steps and provisionings
  SideBySide side_by_side = in_threads;
  MachineRoom room{};  // of the machine that instances boot on
};

}  // namespace slipway
