#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aws/client.hpp"
#include "base/log.hpp"
#include "contracts/runtime.hpp"
#include "drivers/ecs_common/parameters.hpp"
#include "drivers/ecs_common/tasks.hpp"
#include "drivers/runtime/ecs/addresses.hpp"
#include "drivers/runtime/ecs/definitions.hpp"

namespace slipway::ecs {

struct EcsOptions {
  Place place;
  Millis stop_timeout{10'000};  // between SIGTERM and SIGKILL, at most 120 s
};

struct EcsClients {
  aws::Client& ecs;
  aws::Client& ec2;
  aws::Client& ssm;
  aws::Client& logs;
};

// Runs each tenant as a task of an ECS cluster whose instances are EC2 machines. What `create` makes is a task
// definition and the parameters it reads; a start is RunTask. Thread-safe; any number of objects, also in other
// processes, may work for one installation. See README.md.
class EcsRuntime : public Runtime, public RuntimeLogs {
 public:
  EcsRuntime(EcsClients clients, EcsOptions options, InstallationId installation, const Clock& clock, Log log);

  HostNetwork prepare() override;
  // Throws invalid where the app has volumes: a task's files end with it.
  Instance create(const InstanceSpec& spec, const Progress& progress) override;
  // `starting` afterwards. Throws limited where the cluster is full.
  void begin(const TenantId& tenant) override { definitions_.forget(family(tenant)); }
  StartResult start(const TenantId& tenant, std::uint32_t boot) override;
  // The grace is that of the task definition, which is made from EcsOptions.
  void stop(const TenantId& tenant, Millis grace) override;
  void remove(const TenantId& tenant, bool volumes) override;
  std::optional<Instance> inspect(const TenantId& tenant) override;
  // One that does not run is `created`, also where it has ended: that is left to inspect().
  std::vector<Instance> instances() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override;

  std::unique_ptr<PieceSource> open_logs(const TenantId& tenant, std::size_t tail, bool follow,
                                         std::stop_token stop) override;

 private:
  std::string family(const TenantId& tenant) const { return resource_name(installation_, tenant); }
  // `had_one`: an environment; returns the names of it that are not used any more.
  std::vector<std::string> put_environment(const InstanceSpec& spec, bool had_one);
  void make_room_for(const TenantId& tenant, const std::string& definition);
  std::vector<boost::json::object> current_tasks(const TenantId& tenant);
  void stop_tasks(const std::string& family, const std::string& except_definition, const std::string& why);
  Instance view(const TenantId& tenant, const boost::json::object& task);
  std::string newest_task(const TenantId& tenant);

  EcsClients clients_;
  const EcsOptions options_;
  const InstallationId installation_;
  const Clock& clock_;
  const Log log_;
  Tasks tasks_;
  Definitions definitions_;
  Parameters parameters_;
  Addresses addresses_;
};

}  // namespace slipway::ecs
