#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "contracts/runtime.hpp"
#include "os/descriptor.hpp"
#include "os/proc.hpp"

namespace slipway::process {

// What the supervisor wrote down of the last start.
struct RunState {
  bool exited = false;
  os::ProcessName supervisor;
  os::ProcessName command;
  std::string scope;  // see TenantFiles::scope()
  int exit_code = 0;  // of one that exited; 128 + signal where a signal ended it
};

// What `create` wrote down: an instance is there if and only if this file is.
struct StoredSpec {
  InstanceSpec spec;
  std::string id;
};

// The directory of one tenant: spec.json (mode 0600, since it holds the environment), state, log, log.1, work/ and
// volumes/<name>/. Files are replaced atomically and are on disk when a call returns.
class TenantFiles {
 public:
  explicit TenantFiles(std::filesystem::path directory) : directory_(std::move(directory)) {}

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path work() const { return directory_ / "work"; }
  std::filesystem::path volume(const std::string& name) const { return directory_ / "volumes" / name; }
  std::filesystem::path state_file() const { return directory_ / "state"; }
  std::filesystem::path log() const { return directory_ / "log"; }
  std::filesystem::path old_log() const { return directory_ / "log.1"; }

  std::optional<StoredSpec> spec() const;
  void write_spec(const StoredSpec& stored) const;  // makes the directories too
  std::optional<RunState> state() const;
  // The boot of the machine and this directory: process numbers in the state of another boot, or in one that was copied
  // from elsewhere, mean nothing here.
  std::string scope() const;
  // "SLIPWAY_INSTANCE=<directory>", in the environment of each process of the instance. With the directory, because a
  // copy of the ledger elsewhere on this machine has the same names and other processes.
  std::string marker() const;
  // ProcessRuntime::watch sees it, in every process.
  void tell_watchers() const;

  // Takes away the instance; its directory goes when no data is left in it.
  void remove_instance() const;
  void remove_volumes() const;
  // Takes away what earlier starts left: state, logs and the working directory.
  void remove_run() const;

 private:
  std::filesystem::path directory_;
};

// One at a time, over all threads and processes, may change a tenant: a lock on its directory, which is gone with it.
// Waits at most `timeout`, then throws unavailable. With `make`, a directory that is not there is made; without, there
// is no lock then. A supervisor that is being started shares the lock until it has written its state, also when this
// process is killed meanwhile.
os::Descriptor lock_tenant(const std::filesystem::path& directory, bool make, Millis timeout);

// "… : No such file or directory" of an errno, as Error: full disks and exhausted tables pass, the rest does not.
[[noreturn]] void throw_errno(std::string_view doing, int code);

}  // namespace slipway::process
