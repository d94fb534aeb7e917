#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "drivers/runtime/process/log_reader.hpp"
#include "drivers/runtime/process/process_runtime.hpp"
#include "drivers/runtime/process/tenant_files.hpp"

// Logs, statistics and events of the process runtime.
namespace slipway::process {
std::unique_ptr<PieceSource> ProcessRuntime::open_logs(const TenantId& tenant, std::size_t tail, bool follow,
                                                       std::stop_token) {
  if (!inspect(tenant)) {
    throw Error(ErrorKind::not_found, fmt::format("process runtime: no instance of {}", tenant.value()));
  }
  const auto running = [this, tenant] {
    const auto instance = inspect(tenant);
    return instance && instance->state == InstanceState::running;
  };
  return read_logs(files(tenant), tail, follow, running);
}

std::optional<InstanceStats> ProcessRuntime::stats(const TenantId& tenant) {
  const TenantFiles files = this->files(tenant);
  const auto stored = files.spec();
  const auto state = files.state();
  if (!stored || !state || state->exited || state->scope != files.scope() || !os::is_running(state->command)) {
    return std::nullopt;
  }
  InstanceStats stats;
  stats.memory_limit_bytes = stored->spec.plan.memory_bytes;
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  for (const os::ProcessEntry& entry : os::members_of(state->supervisor)) {
    stats.memory_bytes += entry.resident_bytes;
    stats.cpu_seconds += static_cast<double>(entry.cpu_ticks) / ticks_per_second;
    stats.pids += entry.threads;
  }
  return stats;
}

// A tenant's directory is touched when its instance ends or is removed (TenantFiles::tell_watchers).
void ProcessRuntime::watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
                           std::stop_token stop) {
  prepare();
  const os::Descriptor events(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)), stopped(eventfd(0, EFD_CLOEXEC));
  if (!events || !stopped || inotify_add_watch(events.get(), options_.directory.c_str(), IN_ATTRIB) < 0) {
    throw_errno("watch " + options_.directory.string(), errno);
  }
  const std::stop_callback on_stop(stop, [&] { eventfd_write(stopped.get(), 1); });
  missed();
  while (!stop.stop_requested()) {
    pollfd fds[] = {{events.get(), POLLIN, 0}, {stopped.get(), POLLIN, 0}};
    if (poll(fds, 2, -1) < 0 && errno != EINTR) throw_errno("wait for instances", errno);
    alignas(inotify_event) char buffer[4096];
    const ssize_t got = read(events.get(), buffer, sizeof(buffer));
    for (ssize_t at = 0; at < got;) {
      const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
      at += static_cast<ssize_t>(sizeof(*event) + event->len);
      if (event->mask & IN_Q_OVERFLOW) missed();
      const TenantId tenant = event->len > 0 ? tenant_of_resource(installation_, event->name) : TenantId();
      if (!tenant.value().empty()) changed(tenant);
    }
  }
}

}  // namespace slipway::process
