#include <fmt/format.h>
#include <unistd.h>

#include "base/error.hpp"
#include "drivers/runtime/process/log_reader.hpp"
#include "drivers/runtime/process/process_runtime.hpp"
#include "drivers/runtime/process/tenant_files.hpp"

// Logs and statistics of the process runtime.
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

}  // namespace slipway::process
