#pragma once
#include <string>
#include <vector>

#include "aws/client.hpp"
#include "contracts/database.hpp"
#include "drivers/ecs_common/parameters.hpp"
#include "drivers/ecs_common/tasks.hpp"

namespace slipway::ecs {

// Databases on a Postgres that only the cluster's own network reaches. The tenant's task makes its role and database
// itself (its init container; see slipway-init); this driver leaves the password where that finds it, and runs a task
// of its own to drop them. Thread-safe. See README.md.
class EcsInitDatabase : public Database {
 public:
  EcsInitDatabase(aws::Client& ecs, aws::Client& ssm, Place place, InstallationId installation, Secret master_key,
                  std::uint32_t key_generation);

  DatabaseAccess access(const TenantId& tenant) const override;
  // Writes the password down; role and database are there, and open, when the tenant's task has started. Throws
  // unavailable while a task is closing them, which would bar the role afterwards.
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing = IfMissing::make) override;
  // Both are under way until a task has ended with exit code 0. They throw unavailable with the reason when one has
  // ended otherwise, having started another.
  CallResult close(const TenantId& tenant) override;
  CallResult drop(const TenantId& tenant) override;
  // None: nobody out here can ask Postgres. What a drop leaves behind is the runtime's to find: tasks and parameters.
  std::vector<Resource> resources() override { return {}; }
  void discard(const Resource& resource) override;
  // That the administrator's password is where tasks look for it; whether Postgres answers is for tasks to say.
  std::string check() override;

 private:
  std::string definition_of(Chore chore, const TenantId& tenant);
  CallResult have_done(Chore chore, const TenantId& tenant);

  aws::Client& ssm_;
  const Place place_;
  const InstallationId installation_;
  const Secret master_key_;
  const std::uint32_t key_generation_;
  Tasks tasks_;
  Parameters parameters_;
};

}  // namespace slipway::ecs
