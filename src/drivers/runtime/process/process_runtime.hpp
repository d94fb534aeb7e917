#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "contracts/runtime.hpp"
#include "drivers/runtime/process/supervisor.hpp"

namespace slipway::process {

// Runs each tenant's command as a child process with a supervisor of its own, for machines without a container engine
// and for tests. It isolates little: see README.md. Instances outlive this object and its process; any number of
// objects, also in other processes, may work on one directory. Thread-safe.
class ProcessRuntime : public Runtime, public RuntimeLogs, public RuntimeStats, public RuntimeEvents {
 public:
  ProcessRuntime(ProcessOptions options, InstallationId installation, Log log);

  HostNetwork prepare() override;
  // Throws invalid without a command: there are no images here. `image`, `app_port`, `read_only`, `capabilities` and
  // the plan's cpus and pids have no meaning.
  Instance create(const InstanceSpec& spec, const Progress& progress) override;
  // Throws invalid where the command cannot be executed.
  StartResult start(const TenantId& tenant, std::uint32_t boot) override;
  void stop(const TenantId& tenant, Millis grace) override;
  void remove(const TenantId& tenant, bool volumes) override;
  std::optional<Instance> inspect(const TenantId& tenant) override;
  std::vector<Instance> instances() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override;

  // Throws not_found where there is no instance.
  std::unique_ptr<PieceSource> open_logs(const TenantId& tenant, std::size_t tail, bool follow,
                                         std::stop_token stop) override;
  std::optional<InstanceStats> stats(const TenantId& tenant) override;
  void watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
             std::stop_token stop) override;

 private:
  TenantFiles files(const TenantId& tenant) const;
  std::vector<TenantId> tenants() const;
  Instance view(const TenantFiles& files, const StoredSpec& stored) const;
  void stop_locked(const TenantFiles& files, Millis grace) const;

  const ProcessOptions options_;
  const InstallationId installation_;
  const Log log_;
};

}  // namespace slipway::process
