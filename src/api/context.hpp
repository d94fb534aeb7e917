#pragma once
#include <functional>
#include <string>
#include <utility>

#include "api/gate.hpp"
#include "api/health.hpp"
#include "base/log.hpp"
#include "contracts/observer.hpp"
#include "engine/sweeper.hpp"
#include "engine/tenants.hpp"
#include "engine/watch.hpp"

namespace slipway::api {

// Everything that routes need. References outlive the router.
struct Context {
  Store& store;
  Gate& gate;
  Tenants& tenants;
  Watch& watch;
  Sweeper& sweeper;
  const AccessSpec& access;
  const Clock& clock;
  Random& random;
  RuntimeLogs* logs = nullptr;  // abilities that not every runtime has
  RuntimeStats* stats = nullptr;
  Health* health = nullptr;  // null: nothing is checked
  std::string version;
  Secret status_key;  // signs the status URLs that need no key
  Log log;
  Observer* observer = nullptr;          // told of each answer
  std::function<std::string()> metrics;  // what GET /metrics shows; empty: there is no such route
  std::string language = "en";           // of customers whose metadata names no other
};

}  // namespace slipway::api
