#pragma once
#include <string>
#include <vector>

#include "drivers/runtime/process/tenant_files.hpp"

namespace slipway::process {

struct ProcessOptions {
  std::filesystem::path directory;  // holds a directory for each tenant; made by prepare()
  std::string user;                 // to run commands as, where Slipway runs as root; empty: as Slipway itself
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  std::uint64_t log_bytes = 8ull << 20;  // of a log before it is rotated; one old log is kept
  std::uint64_t open_files = 4096;       // of each process
  std::uint64_t processes = 4096;        // of the user, all tenants together: the kernel knows no other measure
};

// Starts a created instance's command under a supervisor of its own, which outlives this process: this program executed
// anew as `supervise`, so that nothing of our memory is in it. Returns when the command has been executed and the state
// is on disk; throws, and nothing runs then, where it cannot be. The supervisor shares `lock`, the descriptor of the
// tenant's locked directory, until it has written the state.
void launch(const TenantFiles& files, const ProcessOptions& options, const os::Descriptor& lock);

// The hidden command `slipway supervise`, with the words that `launch` gives it. It writes "state" in the tenant's
// directory, copies the command's output to "log", rotates it, collects all descendants (it is their subreaper), and
// when the command ends, kills those that are left and writes down the exit. Returns its own exit code.
int supervise(const std::vector<std::string>& words);

}  // namespace slipway::process
