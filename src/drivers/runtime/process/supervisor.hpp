#pragma once
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace slipway::process {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
};

// All that a start needs, prepared before the fork.
struct Launch {
  std::string program;  // absolute
  std::vector<std::string> arguments;
  std::vector<Secret> environment;  // "NAME=value"
  std::string work_directory;
  std::string scope;               // see TenantFiles::scope()
  std::optional<Identity> user;    // to run the command as
  std::uint64_t memory_bytes = 0;  // RLIMIT_DATA of each process
  std::uint64_t open_files = 0;    // RLIMIT_NOFILE
  std::uint64_t processes = 0;     // RLIMIT_NPROC, over all processes of the user
  std::uint64_t log_bytes = 0;     // at which the log is rotated
};

enum class LaunchStage : int { done, supervisor, user, work_directory, limits, exec, state };

// Where a start failed, with its errno.
struct LaunchReport {
  LaunchStage stage = LaunchStage::done;
  int code = 0;
};

// Starts the command under a supervisor of its own, which outlives this process: a forked copy that has nothing else of
// it any more (no descriptors, no signals, its own session). The supervisor writes "state" in the tenant's directory,
// copies the command's output to "log", rotates it, collects all descendants (it is their subreaper), and when the
// command ends, kills those that are left and writes down the exit. Returns when the command has been executed and the
// state is on disk, or has failed; nothing runs then.
// `lock` is the descriptor of the tenant's locked directory; the supervisor holds it until the state is written.
LaunchReport launch(const Launch& launch, int lock);

}  // namespace slipway::process
