#pragma once
#include <optional>
#include <string>

#include "model/names.hpp"

namespace slipway {

// `starting`: accepted by a runtime that starts it when it has room (a task that is PENDING). `stopping`: told to end,
// and not ended yet. A runtime that starts, or stops, while it is asked never shows the one, or the other.
enum class InstanceState { created, starting, running, stopping, exited };

// What a runtime sees of a tenant's instance.
struct Instance {
  TenantId tenant;
  std::string id;
  InstanceState state = InstanceState::created;
  int exit_code = 0;  // of an exited one; 128 + signal where a signal ended it
  bool out_of_memory = false;
  std::string error;              // why it could not start or ended, in the runtime's words; may be empty
  bool hopeless = false;          // of an exited one: another start would end the same way (there is no such image)
  bool no_room = false;           // of an exited one: accepted, but the machines were full, so it never ran
  std::optional<Port> host_port;  // where it is published
  std::string fingerprint;        // of what it was made from, if the runtime remembers it
  bool outdated = false;          // another one would be made now; found by the engine
  bool limits_owed = false;       // it is to have more of the machine at once; found by the engine
  std::string address;            // of the machine on which it is published; empty: the configured one
};

}  // namespace slipway
