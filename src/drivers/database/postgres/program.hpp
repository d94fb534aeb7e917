#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/clock.hpp"

// Running of Postgres' own programs: no shell, nothing secret in an argument, a clean environment, no descriptor of
// ours left open in them.
namespace slipway::postgres {

// As whom a program runs. Postgres refuses to run as root.
struct OsUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
  bool switches = false;  // we are root and become this user
};

// `name` where we are root, else whoever we are. Throws Error(invalid) where there is no such user.
OsUser os_user(const std::string& name);

struct ProgramResult {
  int exit_code = 0;   // 128 + signal where a signal ended it
  std::string output;  // both of its outputs, the last 8 KiB
};

using Arguments = std::vector<std::string>;

// Runs to the end. Throws Error(invalid) where it cannot be executed, unavailable at the timeout, after killing it.
ProgramResult run_program(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                          Millis timeout);

// Starts in a session of its own, with its output appended to `log`; it outlives us and is not our child.
pid_t start_detached(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                     const std::filesystem::path& log);

// Whether a process of this id runs; a zombie does not.
bool is_running(pid_t pid);

// The processes of the Postgres server whose data directory this is: they all work inside it.
std::vector<pid_t> server_processes(const std::filesystem::path& data_directory);

}  // namespace slipway::postgres
