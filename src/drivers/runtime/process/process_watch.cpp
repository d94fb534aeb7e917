#include <poll.h>
#include <unistd.h>

#include <cerrno>

#include "drivers/runtime/process/process_runtime.hpp"
#include "drivers/runtime/process/tenant_files.hpp"

// The events of the process runtime.
namespace slipway::process {
namespace {

// Finds what other processes have started or removed; the end of a known instance wakes at once.
constexpr int rescan_ms = 2'000;
constexpr int rescan_without_pidfd_ms = 250;

class PollSet {
 public:
  explicit PollSet(int wake) : fds_{{wake, POLLIN, 0}} {}
  void add(const os::ProcessName& process) {
    os::Descriptor fd = os::open_pidfd(process);
    if (!fd) timeout_ms_ = rescan_without_pidfd_ms;
    if (fd) fds_.push_back({fd.get(), POLLIN, 0});
    owned_.push_back(std::move(fd));
  }
  void wait() {
    if (poll(fds_.data(), fds_.size(), timeout_ms_) < 0 && errno != EINTR) throw_errno("wait for instances", errno);
  }

 private:
  std::vector<pollfd> fds_;
  std::vector<os::Descriptor> owned_;
  int timeout_ms_ = rescan_ms;
};

}  // namespace

// What a watcher has seen of an instance.
struct ProcessRuntime::Seen {
  os::ProcessName command;  // of its last start
  os::ProcessName last;     // the process whose end is the instance's
  bool running = false;
};

// What there is now; tells in `ended` what has ended or vanished since `before`.
auto ProcessRuntime::look(const std::map<TenantId, Seen>& before, std::vector<TenantId>& ended)
    -> std::map<TenantId, Seen> {
  std::map<TenantId, Seen> now;
  for (const TenantId& tenant : tenants()) {
    const auto state = files(tenant).state();
    const auto instance = inspect(tenant);
    if (!instance) continue;
    Seen& entry = now[tenant];
    if (!state) continue;
    entry.command = state->command;
    entry.running = instance->state == InstanceState::running;
    entry.last = os::is_running(state->supervisor) ? state->supervisor : state->command;
    if (entry.running) continue;
    const auto earlier = before.find(tenant);
    const bool known = earlier != before.end() && earlier->second.command == entry.command && !earlier->second.running;
    if (!known) ended.push_back(tenant);
  }
  for (const auto& [tenant, entry] : before) {
    if (!now.contains(tenant)) ended.push_back(tenant);
  }
  return now;
}

void ProcessRuntime::watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
                           std::stop_token stop) {
  const Wakeups::Waiter waiter(wakeups_);
  const std::stop_callback on_stop(stop, [&] { waiter.ring(); });
  std::vector<TenantId> ended;
  std::map<TenantId, Seen> seen = look({}, ended);
  missed();
  while (true) {
    PollSet set(waiter.fd());
    for (const auto& [tenant, entry] : seen) {
      if (entry.running) set.add(entry.last);
    }
    set.wait();
    if (stop.stop_requested()) return;
    waiter.clear();
    ended.clear();
    seen = look(seen, ended);
    for (const TenantId& tenant : ended) changed(tenant);
  }
}

}  // namespace slipway::process
