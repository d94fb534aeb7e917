#pragma once
#include <optional>
#include <string>

#include "model/names.hpp"

namespace slipway {

enum class InstanceState { created, running, exited };

// What a runtime sees of a tenant's instance.
struct Instance {
  TenantId tenant;
  std::string id;
  InstanceState state = InstanceState::created;
  int exit_code = 0;  // of an exited one; 128 + signal where a signal ended it
  bool out_of_memory = false;
  std::string error;              // why it could not start or ended, in the runtime's words; may be empty
  std::optional<Port> host_port;  // where it is published
};

}  // namespace slipway
