#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aws/client.hpp"
#include "drivers/ecs_common/place.hpp"
#include "model/app.hpp"

// What the drivers ask of ECS's tasks and task definitions, each a call or a few.
namespace slipway::ecs {

using Tags = std::vector<std::pair<std::string, std::string>>;

// The resource name of an installation and a tenant is the family of the tenant's task definitions; its database is
// closed and dropped by tasks of others.
enum class Chore { close, drop };
std::string chore_family(const InstallationId& installation, const TenantId& tenant, Chore chore);
const char* to_string(Chore chore);  // slipway-init's word
// Nothing where the family is none of them.
std::optional<TenantId> tenant_of_family(const InstallationId& installation, std::string_view family);
std::string family_of(std::string_view task_definition_arn);  // "arn:…:task-definition/family:3" -> "family"

struct Run {
  std::string task_definition;  // ARN or family:revision
  std::string started_by;       // at most 128 of [A-Za-z0-9_/-]
  std::string token_of;         // what names this attempt: the same text, the same task
  Tags tags;
};

class Tasks {
 public:
  Tasks(aws::Client& ecs, const Place& place) : ecs_(ecs), place_(place) {}

  // The task as ECS describes it. Throws what error_of_failure makes of a refusal.
  boost::json::object run(const Run& wanted);
  // Tasks of a family (empty: of the whole cluster) that ECS means to run, or has stopped within about the last hour.
  // Oldest first; without those that vanished meanwhile.
  std::vector<boost::json::object> list(const std::string& family, bool stopped);
  // Those of these tasks that ECS knows, in its order.
  std::vector<boost::json::object> describe(const std::vector<std::string>& arns);
  // Not there is success.
  void stop(const std::string& task_arn, const std::string& why);

  // The newest active definition with its tags ({"taskDefinition": …, "tags": …}); nothing where the family has none.
  std::optional<boost::json::object> definition(const std::string& family);
  boost::json::object register_definition(boost::json::object definition);  // as definition() gives it
  std::vector<std::string> active_definitions(const std::string& family);
  std::vector<std::string> families(const std::string& prefix);
  // Takes definitions out of use and deletes them.
  void forget_definitions(const std::vector<std::string>& arns);

 private:
  std::vector<std::string> pages(std::string_view operation, boost::json::object input, std::string_view member);

  aws::Client& ecs_;
  const Place& place_;
};

boost::json::array tags_json(const Tags& tags);
std::string tag_of(const boost::json::object& tagged, std::string_view key);

// The named container of a task or of a task definition; nullptr where there is none.
const boost::json::object* container_named(const boost::json::object& task, std::string_view list,
                                           std::string_view name);

// The container that makes a tenant's role and database, closes or drops them, from inside the cluster's network. Its
// secrets come from parameters.
boost::json::object init_definition(const Place& place, const InstallationId& installation, const TenantId& tenant,
                                    const Plan* plan, const char* command, const std::string& log_prefix);
boost::json::object log_configuration(const Place& place, const std::string& prefix);

}  // namespace slipway::ecs
