#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "os/child.hpp"
#include "os/proc.hpp"

// Running of Postgres' own programs: no shell, nothing secret in an argument, a clean environment.
namespace slipway::postgres {

using os::is_running;

// As whom a program runs. Postgres refuses to run as root.
struct OsUser : os::User {
  bool switches = false;  // we are root and become this user
};

// `name` where we are root, else whoever we are. Throws Error(invalid) where there is no such user.
OsUser os_user(const std::string& name);

using Arguments = std::vector<std::string>;

// Like os::run and os::start_detached.
os::Ended run_program(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                      Millis timeout);
pid_t start_detached(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                     const std::filesystem::path& log);

// The processes of the Postgres server whose data directory this is: they all work inside it.
std::vector<pid_t> server_processes(const std::filesystem::path& data_directory);

}  // namespace slipway::postgres
