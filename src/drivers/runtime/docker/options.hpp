#pragma once
#include <cstdint>
#include <string>

#include "base/clock.hpp"
#include "net/http_client.hpp"

namespace slipway::docker {

// How long each kind of call may take, from its first byte to its last.
struct Deadlines {
  Millis call{15'000};           // inspect, list, make or remove a network or a volume
  Millis create{30'000};         // make a container, without its image's pull
  Millis start{60'000};          // wait for a start slot, and again for the start itself
  Millis remove{60'000};         // remove a container, also wait for a removal that somebody else began
  Millis pull_silence{120'000};  // between two signs of life of a pull; the pull as a whole has no bound
  Millis credential_helper{10'000};
  Millis watch_silence{300'000};  // without an event; then the engine is asked again, in case the connection is dead
};

struct DockerOptions {
  net::Endpoint endpoint{"unix:///var/run/docker.sock", {}, {}, {}};  // also "tcp://host:2376" and "https://host:2376"
  std::string network;                                                // empty: "slipway_<installation>"
  std::string subnet;                                                 // "172.30.0.0/16"; empty: the engine chooses
  unsigned parallel_starts = 0;             // more than one per core in flight buys only latency; 0: one for each core
  std::uint64_t log_max_bytes = 10u << 20;  // of one log file of a container
  unsigned log_files = 3;                   // of one container
  std::string docker_config_path;           // Docker's own config.json, for registry credentials; empty: none
  Deadlines deadlines;
};

}  // namespace slipway::docker
