#pragma once
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

// What /proc says of processes.
namespace slipway::os {

// A process that cannot be mistaken for a later one with the same number: its start, in clock ticks since boot, is part
// of its name. `pid` 0 is no process.
struct ProcessName {
  pid_t pid = 0;
  std::uint64_t start = 0;
  bool operator==(const ProcessName&) const = default;
};

// The start of a process, or 0 where there is none.
std::uint64_t start_of(pid_t pid);

// Names the boot of this machine: process names of another boot mean nothing.
std::string boot_id();

// True while the process runs. A zombie does not run any more.
bool is_running(const ProcessName& process);
bool is_running(pid_t pid);  // whatever has this number now

// Every process there is.
std::vector<pid_t> all_pids();

// Waits until the process does not run any more; false at the end of `timeout`.
bool wait_until_ended(const ProcessName& process, Millis timeout);

// Nothing happens where the process is gone.
void send_signal(const ProcessName& process, int signal);

struct ProcessEntry {
  ProcessName name;
  pid_t parent = 0;
  pid_t session = 0;
  std::uint64_t cpu_ticks = 0;  // its own and of the children it has waited for
  std::uint32_t threads = 0;
  std::uint64_t resident_bytes = 0;
};

// The processes of one instance without its supervisor: those of the supervisor's session and all their descendants.
// Ask only while the command runs: it keeps the session's number from being given to others.
std::vector<ProcessEntry> members_of(const ProcessName& supervisor);

// Kills everything whose environment holds the line `marker` ("NAME=value"), until nothing does; false at the end of
// `timeout`. Finds what left its session after its supervisor was killed.
bool kill_marked(std::string_view marker, Millis timeout);

}  // namespace slipway::os
