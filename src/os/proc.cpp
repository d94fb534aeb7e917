#include "os/proc.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <fstream>
#include <iterator>
#include <set>
#include <thread>

#include "os/descriptor.hpp"
#include "os/file.hpp"

namespace slipway::os {
namespace {

constexpr Millis rescan_interval{10};

std::string content_of(pid_t pid, const char* leaf) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, leaf), std::ios::binary);
  const std::string content = rest_of(file);
  return file.bad() ? std::string() : content;
}

// The fields of /proc/<pid>/stat after the command's name, which may hold anything: the first is the state, field 3
// of proc(5).
class Stat {
 public:
  explicit Stat(pid_t pid) : fields_(content_of(pid, "stat")) {
    fields_.erase(0, std::min(fields_.size(), fields_.rfind(')') + 2));
  }
  bool found() const { return !fields_.empty(); }
  char state() const { return fields_[0]; }
  bool runs() const { return found() && state() != 'Z' && state() != 'X'; }
  std::uint64_t number(int field) const {
    const char* c = fields_.c_str();
    for (int at = 3; at < field && *c; ++c) at += *c == ' ';
    return std::strtoull(c, nullptr, 10);
  }

 private:
  std::string fields_;
};

constexpr int field_parent = 4, field_session = 6, field_utime = 14, field_stime = 15, field_cutime = 16,
              field_cstime = 17, field_threads = 20, field_start = 22, field_resident_pages = 24;

bool environment_holds(pid_t pid, std::string_view marker) {
  const std::string bounded = '\0' + std::string(marker) + '\0';
  return ('\0' + content_of(pid, "environ") + '\0').find(bounded) != std::string::npos;
}

// Becomes readable when the process ends; none where it is gone or the kernel has no pidfd_open (before 5.3).
Descriptor open_pidfd(const ProcessName& process) {
  if (process.pid <= 0) return Descriptor();
  Descriptor fd(static_cast<int>(syscall(SYS_pidfd_open, process.pid, 0)));
  // Opened first and named afterwards: a number that was given away meanwhile shows another start.
  return fd && start_of(process.pid) == process.start ? std::move(fd) : Descriptor();
}

}  // namespace

std::uint64_t start_of(pid_t pid) {
  const Stat stat(pid);
  return stat.found() ? stat.number(field_start) : 0;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  file >> id;
  return id.empty() ? "unknown" : id;
}

bool is_running(const ProcessName& process) {
  if (process.pid <= 0) return false;
  const Stat stat(process.pid);
  return stat.runs() && stat.number(field_start) == process.start;
}

bool is_running(pid_t pid) { return pid > 0 && Stat(pid).runs(); }

std::vector<pid_t> all_pids() {
  std::vector<pid_t> pids;
  DIR* proc = opendir("/proc");
  if (!proc) return pids;
  while (const dirent* entry = readdir(proc)) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    const auto parsed = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (parsed.ec == std::errc() && parsed.ptr == name.data() + name.size()) pids.push_back(pid);
  }
  closedir(proc);
  return pids;
}

bool wait_until_ended(const ProcessName& process, Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  const Descriptor fd = open_pidfd(process);
  while (is_running(process)) {
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    if (left <= Millis(0)) break;
    pollfd wait{fd.get(), POLLIN, 0};
    if (fd) {
      poll(&wait, 1, static_cast<int>(std::min(left, Millis(60'000)).count()));
    } else {
      std::this_thread::sleep_for(std::min(left, rescan_interval));
    }
  }
  return !is_running(process);
}

std::vector<ProcessEntry> members_of(const ProcessName& supervisor) {
  static const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  std::vector<ProcessEntry> all;
  for (const pid_t pid : all_pids()) {
    const Stat stat(pid);
    if (!stat.found() || stat.state() == 'Z') continue;
    all.push_back(
        {{pid, stat.number(field_start)},
         static_cast<pid_t>(stat.number(field_parent)),
         static_cast<pid_t>(stat.number(field_session)),
         stat.number(field_utime) + stat.number(field_stime) + stat.number(field_cutime) + stat.number(field_cstime),
         static_cast<std::uint32_t>(stat.number(field_threads)),
         stat.number(field_resident_pages) * page});
  }
  std::set<pid_t> family = {supervisor.pid};
  for (bool grew = true; grew;) {
    grew = false;
    for (const ProcessEntry& entry : all) {
      if (entry.session == supervisor.pid || family.contains(entry.parent))
        grew |= family.insert(entry.name.pid).second;
    }
  }
  family.erase(supervisor.pid);
  std::erase_if(all, [&](const ProcessEntry& entry) { return !family.contains(entry.name.pid); });
  return all;
}

void send_signal(const ProcessName& process, int signal) {
  const Descriptor fd = open_pidfd(process);
  if (fd) {
    syscall(SYS_pidfd_send_signal, fd.get(), signal, nullptr, 0);
  } else if (is_running(process)) {
    kill(process.pid, signal);
  }
}

bool kill_marked(std::string_view marker, Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (true) {
    bool found = false;
    for (const pid_t pid : all_pids()) {
      if (pid == getpid() || !environment_holds(pid, marker)) continue;
      const ProcessName process{pid, start_of(pid)};
      if (!is_running(process)) continue;
      found = true;
      send_signal(process, SIGKILL);
    }
    if (!found) return true;
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(rescan_interval);
  }
}

}  // namespace slipway::os
