#pragma once
#include <string>
#include <string_view>

#include "base/error.hpp"

// What the engine's refusals mean. Statuses alone do not tell: Engine 20.10 answers 500 for a port that is taken, for a
// wrong password of a registry and for a registry that is down, so the words count.
namespace slipway::docker {

// The words of an error answer: its "message", or "cause" of Podman, or the text itself, at most 500 bytes.
std::string message_of(std::string_view body);

// A refused call. Never `not_found` where a retry could help: see each caller.
Error engine_error(int status, std::string_view body, std::string_view doing);

// A pull that failed, by its answer's or its stream's words.
Error pull_error(std::string_view message, std::string_view image);

bool says_port_taken(std::string_view message);
// The container's own program (any, where it is empty) cannot be executed. The OCI runtime has the same words for what
// the host lacks: a control group, a mount, a hook's program or the init in front; those do not count.
bool says_bad_command(std::string_view message, std::string_view program = {});
// The OCI runtime or its shim failed.
bool says_oci_trouble(std::string_view message);
bool says_no_such_image(std::string_view message);
bool says_no_such_network(std::string_view message);
bool says_being_removed(std::string_view message);
// An engine that was killed while it started a container keeps the container's place in the network, and refuses to
// start it.
bool says_stale_endpoint(std::string_view message);

}  // namespace slipway::docker
