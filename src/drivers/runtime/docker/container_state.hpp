#pragma once
#include <boost/json.hpp>
#include <optional>

#include "contracts/runtime.hpp"

// What the engine says of containers, as the contract says it. Pure.
namespace slipway::docker {

// From GET /containers/{id}/json.
Instance instance_of_inspect(const boost::json::object& container);

// From one entry of GET /containers/json.
Instance instance_of_list(const boost::json::object& entry);

// From GET /containers/{id}/stats?one-shot=true; nothing of a container that does not run.
std::optional<InstanceStats> stats_of(const boost::json::object& stats);

// "created", "running", "exited", "removing", ...: of GET /containers/{id}/json.
std::string status_of(const boost::json::object& container);

}  // namespace slipway::docker
