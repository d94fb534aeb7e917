#include "drivers/runtime/ecs/task_definition.hpp"

#include <algorithm>
#include <cmath>

#include "base/crypto.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

constexpr std::uint64_t mebibyte = 1024 * 1024;
constexpr std::int64_t least_memory_mib = 6;   // ECS
constexpr std::int64_t least_cpu_units = 128;  // ECS counts less as this
constexpr std::int64_t longest_stop_seconds = 120;
constexpr std::int64_t init_start_seconds = 120;  // until the database is made; then the task fails

// Values are secrets unless they are empty, which a parameter cannot be.
void add_environment(const InstanceSpec& spec, const Place& place, json::object& container) {
  json::array environment;
  json::array secrets;
  for (const EnvVar& variable : spec.env) {
    if (variable.value.reveal().empty()) {
      environment.push_back(json::object{{"name", variable.name}, {"value", ""}});
    } else {
      secrets.push_back(
          json::object{{"name", variable.name}, {"valueFrom", place.env_path(spec.tenant) + "/" + variable.name}});
    }
  }
  container["environment"] = std::move(environment);
  container["secrets"] = std::move(secrets);
}

json::object app_container_of(const InstanceSpec& spec, const EcsOptions& options, const InstallationId& installation) {
  const auto mebibytes = static_cast<std::int64_t>(spec.plan.memory_bytes / mebibyte);
  const auto units = static_cast<std::int64_t>(std::llround(spec.plan.cpus * 1024));
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(options.stop_timeout).count();
  json::array add;
  for (const std::string& capability : spec.capabilities) add.emplace_back(capability);
  json::object container{
      {"name", app_container},
      {"image", spec.image},
      {"essential", true},
      {"memory", std::max(least_memory_mib, mebibytes)},
      {"cpu", std::max(least_cpu_units, units)},
      {"portMappings", json::array{json::object{{"containerPort", spec.app_port},
                                                {"hostPort", spec.host_port.value()},  // 0: Docker chooses
                                                {"protocol", "tcp"}}}},
      {"readonlyRootFilesystem", spec.read_only},
      {"stopTimeout", std::clamp<std::int64_t>(seconds, 1, longest_stop_seconds)},
      {"dockerSecurityOptions", json::array{"no-new-privileges"}},
      {"linuxParameters",
       json::object{{"initProcessEnabled", true},
                    {"capabilities", json::object{{"drop", json::array{"ALL"}}, {"add", std::move(add)}}}}},
      {"dependsOn", json::array{json::object{{"containerName", init_container}, {"condition", "SUCCESS"}}}}};
  if (!spec.command.empty()) {
    json::array command;
    for (const std::string& word : spec.command) command.emplace_back(word);
    container["command"] = std::move(command);
  }
  add_environment(spec, options.place, container);
  if (!options.place.log_group.empty()) {
    container["logConfiguration"] = log_configuration(options.place, resource_name(installation, spec.tenant));
  }
  return container;
}

}  // namespace

json::object task_definition(const InstanceSpec& spec, const EcsOptions& options, const InstallationId& installation) {
  const std::string family = resource_name(installation, spec.tenant);
  json::object init = init_definition(options.place, installation, spec.tenant, &spec.plan, "ensure", family);
  init["startTimeout"] = init_start_seconds;
  json::object definition{
      {"family", family},
      {"networkMode", "bridge"},
      {"requiresCompatibilities", json::array{"EC2"}},
      {"executionRoleArn", options.place.execution_role},
      {"containerDefinitions", json::array{std::move(init), app_container_of(spec, options, installation)}}};
  const std::string hash = to_hex(sha256(json::serialize(definition)));
  definition["tags"] =
      tags_json({{installation_tag, installation.value()}, {tenant_tag, spec.tenant.value()}, {spec_tag, hash}});
  return definition;
}

std::string log_stream(const InstallationId& installation, const TenantId& tenant, std::string_view task_arn) {
  return resource_name(installation, tenant) + "/" + app_container + "/" +
         std::string(task_arn.substr(task_arn.rfind('/') + 1));
}

}  // namespace slipway::ecs
