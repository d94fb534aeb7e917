#pragma once
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

// Something in the world that bears this installation's label.
struct Resource {
  std::string kind;  // "container", "process", "volume", "directory", "network", "database", "role"
  std::string name;
  TenantId tenant;  // empty: belongs to no tenant (a network)
};

}  // namespace slipway
