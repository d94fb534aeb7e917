#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "contracts/runtime.hpp"
#include "drivers/runtime/docker/engine_client.hpp"
#include "drivers/runtime/docker/options.hpp"
#include "drivers/runtime/docker/start_slots.hpp"

namespace slipway::docker {

// Runs each tenant in a container of a Docker Engine (API 1.41 or later), or of Podman's compatible service.
// Thread-safe; any number of objects, also in other processes, may work for one installation. See README.md.
class DockerRuntime : public Runtime,
                      public RuntimeLogs,
                      public RuntimeStats,
                      public RuntimeLimits,
                      public RuntimeEvents {
 public:
  // Touches nothing yet; throws invalid for an endpoint or a subnet that it cannot read.
  DockerRuntime(DockerOptions options, InstallationId installation, Log log);
  ~DockerRuntime() override;

  HostNetwork prepare() override;
  std::string pin(const std::string& image, const Progress& progress) override;
  Instance create(const InstanceSpec& spec, const Progress& progress) override;
  // Throws not_found where there is no container, invalid where its command cannot be executed.
  StartResult start(const TenantId& tenant, std::uint32_t boot) override;
  void stop(const TenantId& tenant, Millis grace) override;
  void set_limits(const TenantId& tenant, const Plan& plan) override;
  void remove(const TenantId& tenant, bool volumes) override;
  bool must_pull(const std::string& image) override;
  std::optional<Instance> inspect(const TenantId& tenant) override;
  // From the engine's list: `out_of_memory`, `error` and the port of one that does not run are left to inspect().
  std::vector<Instance> instances() override;
  std::vector<Resource> resources() override;
  // Throws forbidden, and touches nothing, where the resource does not bear this installation's label.
  void discard(const Resource& resource) override;
  std::string check() override;

  // Throws not_found where there is no container. Standard output and error come in the order of writing.
  std::unique_ptr<PieceSource> open_logs(const TenantId& tenant, std::size_t tail, bool follow,
                                         std::stop_token stop) override;
  // Nothing where it does not run.
  std::optional<InstanceStats> stats(const TenantId& tenant) override;
  void watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
             std::stop_token stop) override;

 private:
  std::string name_of(const TenantId& tenant) const { return resource_name(installation_, tenant); }
  net::Response send(const char* method, const std::string& path, Millis timeout, std::string body = {});
  bool is_ours(const boost::json::object* labels) const;
  // The engine's description of a container, whoever's it is; nothing where there is none.
  std::optional<boost::json::object> look(const std::string& name);
  // The same of the tenant's container; nothing where what bears its name is not ours.
  std::optional<boost::json::object> describe(const TenantId& tenant);

  // What this name stands for in the engine now, as `pin` returns it; nothing where there is no such image.
  std::optional<std::string> pinned(const std::string& image);
  void adopt_volumes_of_image(InstanceSpec& spec);
  void create_volumes(const InstanceSpec& spec);
  std::optional<Instance> adopt_or_clear(const InstanceSpec& spec);
  void check_program(const boost::json::object& container);
  void signal(const std::string& id, const std::string& name);
  void show_stop(Instance& instance);
  void remove_container(const std::string& id);
  void clear_endpoint(const boost::json::object& container, const TenantId& tenant);
  void remove_volumes(const TenantId& tenant);
  void delete_if_there(const std::string& path, const std::string& what);

  // Encoded; an empty tenant means all of the installation.
  std::string label_filter(const TenantId& tenant) const;
  boost::json::array list_containers();
  boost::json::array list_volumes(const TenantId& tenant);

  void read_log(const std::string& id, std::size_t tail, const Sink& sink);
  std::string exec_failure(const std::string& id);
  void watch_once(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
                  const std::stop_token& stop);

  const DockerOptions options_;
  const InstallationId installation_;
  const Log log_;
  EngineClient engine_;
  StartSlots start_slots_;
  std::mutex programs_mutex_;
  std::set<std::string> programs_;  // "<image id> <path>": seen to be there, so not looked for again
  std::mutex images_mutex_;
  std::set<std::string> images_;  // seen to be there
  std::mutex stops_mutex_;
  // Containers that were told to end, and when they are killed. After a restart of Slipway they are told once more.
  std::map<std::string, std::chrono::steady_clock::time_point> stops_;
};

}  // namespace slipway::docker
