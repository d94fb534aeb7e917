#pragma once
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "api/gate.hpp"
#include "base/log.hpp"
#include "contracts/observer.hpp"
#include "engine/sweeper.hpp"
#include "engine/tenants.hpp"
#include "engine/watch.hpp"

namespace slipway::api {

// What is checked for readiness: a name, and a call that throws an Error where the thing is not well.
struct HealthCheck {
  std::string name;                    // "ledger", "runtime", "database", "mail"
  std::function<std::string()> check;  // returns what it found, such as "Docker 20.10.24"
};

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
  std::vector<HealthCheck> health;
  std::string version;
  Secret status_key;  // signs the status URLs that need no key
  Log log;
  Observer* observer = nullptr;          // told of each answer
  std::function<std::string()> metrics;  // what GET /metrics shows; empty: there is no such route
  std::string language = "en";           // of customers whose metadata names no other
};

}  // namespace slipway::api
