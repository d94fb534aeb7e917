#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "drivers/database/postgres/program.hpp"
#include "os/descriptor.hpp"

// The files of the managed server: what is written into them, and how.
namespace slipway::postgres {

namespace fs = std::filesystem;

struct Configuration {
  std::vector<std::string> listen_addresses;
  std::uint16_t port = 5432;
  std::string socket_directory;
  unsigned max_connections = 100;
  std::vector<std::string> allowed_subnets;
  std::string superuser;
};

std::string listen_addresses(const Configuration& configuration);  // as the setting is written
std::string configuration_file(const Configuration& configuration);
std::string include_line(const fs::path& file);               // to add to it, for settings of the operator's own
std::string access_file(const Configuration& configuration);  // pg_hba.conf

// Throw Error(invalid). Both end up in configuration files, so nothing but an address passes.
void require_address(const std::string& address);
void require_subnet(const std::string& subnet);

// Throws Error(unavailable) where it cannot be read.
std::string read_file(const fs::path& path);

// Replaces a file that `user` owns and only `user` can read, as a whole or not at all.
void write_private_file(const fs::path& path, std::string_view content, const OsUser& user);

// A directory that `user` owns and only `user` can enter. Throws Error(invalid) where it is there and is not so and is
// not empty, or where `user` cannot reach it.
void make_private_directory(const fs::path& path, const OsUser& user);

// Shortens a log that a server may be writing, to its last part, once it has grown past 4 MiB.
void trim_log(const fs::path& path);

// The last lines, at most 2 KiB, of what has been written after `offset`.
std::string log_tail(const fs::path& path, std::uintmax_t offset);

// One process at a time may start or stop a server. Throws Error(unavailable) after `timeout`.
os::Descriptor lock_server(const fs::path& data_directory, Millis timeout);

}  // namespace slipway::postgres
