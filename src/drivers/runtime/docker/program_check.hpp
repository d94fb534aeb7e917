#pragma once
#include <boost/json.hpp>
#include <string>
#include <vector>

#include "drivers/runtime/docker/engine_client.hpp"

namespace slipway::docker {

// With an init in front, the engine reports a start as good although the init then finds no program to execute. So it
// is looked for before the first start. `container` is what the engine says of a container that was made. Throws
// invalid, in the words that the engine itself uses, where the program surely cannot be executed; what cannot be told
// (an engine that does not answer this question) passes.
void require_program(EngineClient& engine, const boost::json::object& container, Millis timeout);

// Where the program of a container may be, in order. Pure.
std::vector<std::string> program_paths(const boost::json::object& container);

// Whether a file may be executed, by the X-Docker-Container-Path-Stat of GET /containers/{id}/archive. Pure.
bool is_executable(std::string_view path_stat);

}  // namespace slipway::docker
