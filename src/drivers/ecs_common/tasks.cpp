#include "drivers/ecs_common/tasks.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.hpp"
#include "base/json.hpp"
#include "drivers/ecs_common/failure.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

constexpr std::size_t describe_limit = 100;  // ECS DescribeTasks
constexpr std::size_t delete_limit = 10;     // ECS DeleteTaskDefinitions
constexpr int page_limit = 1'000;

bool is_absent(const aws::ServiceError& error) {
  const std::string& text = error.message();
  return error.kind() == ErrorKind::not_found || text.find("not found") != std::string::npos ||
         text.find("nable to describe task definition") != std::string::npos ||
         text.find("does not exist") != std::string::npos;
}

double created_at(const json::object& task) {
  const auto* at = task.if_contains("createdAt");
  return at != nullptr && at->is_number() ? at->to_number<double>() : 0;
}

}  // namespace

const char* to_string(Chore chore) { return chore == Chore::close ? "close" : "drop"; }

std::string chore_family(const InstallationId& installation, const TenantId& tenant, Chore chore) {
  return fmt::format("{}_{}", resource_name(installation, tenant), to_string(chore));
}

std::optional<TenantId> tenant_of_family(const InstallationId& installation, std::string_view family) {
  for (const std::string_view suffix : {"_close", "_drop"}) {
    if (family.ends_with(suffix)) family.remove_suffix(suffix.size());
  }
  TenantId tenant = tenant_of_resource(installation, family);
  if (tenant.value().empty()) return std::nullopt;
  return tenant;
}

std::string family_of(std::string_view arn) {
  const auto slash = arn.rfind('/');
  if (slash != std::string_view::npos) arn.remove_prefix(slash + 1);
  return std::string(arn.substr(0, arn.rfind(':')));
}

json::array tags_json(const Tags& tags) {
  json::array array;
  for (const auto& [key, value] : tags) array.push_back(json::object{{"key", key}, {"value", value}});
  return array;
}

std::string tag_of(const json::object& tagged, std::string_view key) {
  const auto* tags = array_at(tagged, "tags");
  if (tags == nullptr) return {};
  for (const auto& tag : *tags) {
    if (tag.is_object() && string_at(tag.get_object(), "key") == key) return string_at(tag.get_object(), "value");
  }
  return {};
}

const json::object* container_named(const json::object& task, std::string_view list, std::string_view name) {
  const auto* containers = array_at(task, list);
  if (containers == nullptr) return nullptr;
  for (const auto& container : *containers) {
    if (container.is_object() && string_at(container.get_object(), "name") == name) return &container.get_object();
  }
  return nullptr;
}

json::object Tasks::run(const Run& wanted) {
  json::object input{{"cluster", place_.cluster},
                     {"taskDefinition", wanted.task_definition},
                     {"count", 1},
                     {"startedBy", wanted.started_by},
                     {"clientToken", to_hex(sha256(wanted.token_of))},  // 64 characters, the most
                                                                        // that ECS takes
                     {"tags", tags_json(wanted.tags)}};
  if (place_.capacity_provider.empty()) {
    input["launchType"] = "EC2";
  } else {  // the two exclude each other
    input["capacityProviderStrategy"] = json::array{json::object{{"capacityProvider", place_.capacity_provider}}};
  }
  const json::object answer = ecs_.call("RunTask", input);
  const auto* tasks = array_at(answer, "tasks");
  if (tasks != nullptr && !tasks->empty()) return tasks->front().as_object();
  const auto* failures = array_at(answer, "failures");
  const json::object none;
  const json::object& failure = failures != nullptr && !failures->empty() ? failures->front().as_object() : none;
  throw error_of_failure("start task " + wanted.task_definition, string_at(failure, "reason"),
                         string_at(failure, "detail"));
}

std::vector<std::string> Tasks::pages(std::string_view operation, json::object input, std::string_view member) {
  std::vector<std::string> all;
  for (int page = 0; page < page_limit; ++page) {
    const json::object answer = ecs_.call(operation, input);
    if (const auto* items = array_at(answer, member)) {
      for (const auto& item : *items) all.emplace_back(item.as_string());
    }
    const std::string next = string_at(answer, "nextToken");
    if (next.empty()) return all;
    input["nextToken"] = next;
  }
  throw Error(ErrorKind::internal, fmt::format("ecs: {} has more than {} pages", operation, page_limit));
}

std::vector<json::object> Tasks::list(const std::string& family, bool stopped) {
  json::object input{{"cluster", place_.cluster}, {"desiredStatus", stopped ? "STOPPED" : "RUNNING"}};
  if (!family.empty()) input["family"] = family;
  auto all = describe(pages("ListTasks", std::move(input), "taskArns"));
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return created_at(a) < created_at(b); });
  return all;
}

std::vector<json::object> Tasks::describe(const std::vector<std::string>& arns) {
  std::vector<json::object> all;
  for (std::size_t from = 0; from < arns.size(); from += describe_limit) {
    json::array batch;
    for (std::size_t i = from; i < std::min(arns.size(), from + describe_limit); ++i) batch.emplace_back(arns[i]);
    const json::object answer = ecs_.call(
        "DescribeTasks",
        json::object{{"cluster", place_.cluster}, {"tasks", std::move(batch)}, {"include", json::array{"TAGS"}}});
    const auto* tasks = array_at(answer, "tasks");
    if (tasks == nullptr) continue;
    for (const auto& task : *tasks) all.push_back(task.as_object());
  }
  return all;
}

void Tasks::stop(const std::string& task_arn, const std::string& why) {
  try {
    ecs_.call("StopTask", json::object{{"cluster", place_.cluster}, {"task", task_arn}, {"reason", why}});
  } catch (const aws::ServiceError& error) {
    if (!is_absent(error)) throw;
  }
}

std::optional<json::object> Tasks::definition(const std::string& family) {
  try {
    json::object answer =
        ecs_.call("DescribeTaskDefinition", json::object{{"taskDefinition", family}, {"include", json::array{"TAGS"}}});
    const auto* found = object_at(answer, "taskDefinition");
    // Where a family has no active definition, some answer with one that is not.
    if (found == nullptr || string_at(*found, "status") != "ACTIVE") return std::nullopt;
    return answer;
  } catch (const aws::ServiceError& error) {
    if (!is_absent(error)) throw;
    return std::nullopt;
  }
}

json::object Tasks::register_definition(json::object definition) {
  json::object answer = ecs_.call("RegisterTaskDefinition", definition);
  if (object_at(answer, "taskDefinition") == nullptr) {
    throw Error(ErrorKind::internal, "ecs: RegisterTaskDefinition answered without a definition");
  }
  return answer;
}

std::vector<std::string> Tasks::active_definitions(const std::string& family) {
  auto arns = pages("ListTaskDefinitions", {{"familyPrefix", family}, {"status", "ACTIVE"}}, "taskDefinitionArns");
  // A tenant's name is the beginning of the name of what drops its database.
  std::erase_if(arns, [&](const std::string& arn) { return family_of(arn) != family; });
  return arns;
}

std::vector<std::string> Tasks::families(const std::string& prefix) {
  return pages("ListTaskDefinitionFamilies", {{"familyPrefix", prefix}, {"status", "ACTIVE"}}, "families");
}

void Tasks::forget_definitions(const std::vector<std::string>& arns) {
  for (const std::string& arn : arns) {
    try {
      ecs_.call("DeregisterTaskDefinition", json::object{{"taskDefinition", arn}});
    } catch (const aws::ServiceError& error) {
      if (!is_absent(error)) throw;
    }
  }
  for (std::size_t from = 0; from < arns.size(); from += delete_limit) {
    json::array batch;
    for (std::size_t i = from; i < std::min(arns.size(), from + delete_limit); ++i) batch.emplace_back(arns[i]);
    ecs_.call("DeleteTaskDefinitions", json::object{{"taskDefinitions", std::move(batch)}});
  }
}

json::object log_configuration(const Place& place, const std::string& prefix) {
  return {{"logDriver", "awslogs"},
          {"options", json::object{{"awslogs-group", place.log_group},
                                   {"awslogs-region", place.region},
                                   {"awslogs-stream-prefix", prefix},
                                   {"mode", "non-blocking"},
                                   {"max-buffer-size", "1m"}}}};
}

json::object init_definition(const Place& place, const InstallationId& installation, const TenantId& tenant,
                             const Plan* plan, const char* command, const std::string& log_prefix) {
  const auto variable = [](std::string name, std::string value) {
    return json::object{{"name", std::move(name)}, {"value", std::move(value)}};
  };
  const auto secret = [](std::string name, std::string parameter) {
    return json::object{{"name", std::move(name)}, {"valueFrom", std::move(parameter)}};
  };
  json::array environment{
      variable("PGHOST", place.database_host), variable("PGPORT", std::to_string(place.database_port)),
      variable("PGUSER", place.database_admin), variable("SLIPWAY_INSTALLATION", installation.value()),
      variable("SLIPWAY_TENANT", tenant.value())};
  json::array secrets{secret("PGPASSWORD", place.admin_password_parameter())};
  if (plan != nullptr) {
    environment.push_back(variable("SLIPWAY_CONNECTIONS", std::to_string(plan->db_connections)));
    environment.push_back(variable("SLIPWAY_STATEMENT_TIMEOUT_MS", std::to_string(plan->db_statement_timeout.count())));
    secrets.push_back(secret("SLIPWAY_TENANT_PASSWORD", place.password_parameter(tenant)));
  }
  // The reservation counts for as long as the task lives, so it is as small as ECS takes; the limit is for its moment.
  json::object container{{"name", init_container},
                         {"image", place.init_image},
                         {"command", json::array{command}},
                         {"essential", false},
                         {"memory", 64},
                         {"memoryReservation", 6},
                         {"readonlyRootFilesystem", true},
                         {"environment", std::move(environment)},
                         {"secrets", std::move(secrets)}};
  if (!place.log_group.empty()) container["logConfiguration"] = log_configuration(place, log_prefix);
  return container;
}

}  // namespace slipway::ecs
