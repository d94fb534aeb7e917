#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace slipway::postgres {

// What a running server writes about itself into postmaster.pid.
struct Postmaster {
  pid_t pid = 0;
  std::uint16_t port = 0;
  std::string socket_directory;
  bool ready = false;
};

// The server that runs on this data directory. Nothing where the file is missing, or stale, or its process id now
// belongs to somebody else's program.
std::optional<Postmaster> find_postmaster(const std::filesystem::path& cluster);

// True where postmaster.pid is certain to be stale, in a way that Postgres itself cannot see: the process is a zombie
// that nobody collects, or has become another program.
bool has_stale_pid_file(const std::filesystem::path& cluster);

// Where Postgres' programs are. `major` = 0 takes the newest, at least 15. Throws Error(invalid).
std::filesystem::path find_bindir(const std::filesystem::path& configured, int major);

}  // namespace slipway::postgres
