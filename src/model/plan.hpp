#pragma once
#include <cstdint>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

// How much of the machine, and of the database, a customer may use.
struct Plan {
  PlanName name{"default"};
  std::uint64_t memory_bytes = 256ull << 20;
  double cpus = 0.5;
  std::uint32_t pids = 256;
  std::uint32_t db_connections = 4;
  Millis db_statement_timeout{30'000};
  bool operator==(const Plan&) const = default;
};

}  // namespace slipway
