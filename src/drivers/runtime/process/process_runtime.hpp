#pragma once
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "contracts/runtime.hpp"
#include "drivers/runtime/process/wakeups.hpp"

namespace slipway::process {

struct Launch;
struct StoredSpec;
class TenantFiles;

struct ProcessOptions {
  std::filesystem::path directory;  // holds a directory for each tenant; made by prepare()
  std::string user;                 // to run commands as, where Slipway runs as root; empty: as Slipway itself
  std::string path = "/usr/local/bin:/usr/bin:/bin";
  std::uint64_t log_bytes = 8ull << 20;  // of a log before it is rotated; one old log is kept
  std::uint64_t open_files = 4096;       // of each process
  std::uint64_t processes = 4096;        // of the user, all tenants together: the kernel knows no other measure
};

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
  Launch plan_launch(const TenantFiles& files, const StoredSpec& stored) const;
  void stop_locked(const TenantFiles& files, const TenantId& tenant, Millis grace) const;
  std::string marker(const TenantId& tenant) const;
  struct Seen;  // of an instance, by a watcher
  std::map<TenantId, Seen> look(const std::map<TenantId, Seen>& before, std::vector<TenantId>& ended);

  const ProcessOptions options_;
  const InstallationId installation_;
  const Log log_;
  Wakeups wakeups_;
};

}  // namespace slipway::process
