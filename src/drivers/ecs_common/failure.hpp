#pragma once
#include <boost/json.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"

// ECS's reasons, turned into words and into what they mean for the one who waits.
namespace slipway::ecs {

// What RunTask says in failures[] (HTTP 200). No room is limited, and asks for a minute's wait; what no waiting changes
// is invalid; an agent that is away is unavailable. `doing`: "start task sw_…".
Error error_of_failure(std::string_view doing, std::string_view reason, std::string_view detail);

// Why a task stopped.
struct StopReason {
  std::string words;
  bool hopeless = false;  // another start would end the same way: there is no such image
  bool no_room = false;   // the capacity provider found none
};
StopReason reason_of_stop(const boost::json::object& task);

// True for the words of a container that was killed because it used more memory than it may.
bool says_out_of_memory(std::string_view reason);

}  // namespace slipway::ecs
