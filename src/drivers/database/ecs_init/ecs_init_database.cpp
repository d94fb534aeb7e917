#include "drivers/database/ecs_init/ecs_init_database.hpp"

#include <fmt/format.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/ecs_common/failure.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

constexpr Millis after_failure{10'000};
constexpr Millis while_closing{3'000};

bool succeeded(const json::object& task) {
  const auto* container = container_named(task, "containers", init_container);
  return container != nullptr && container->if_contains("exitCode") != nullptr && int_at(*container, "exitCode") == 0;
}

std::string words_of(const json::object& task) {
  const auto* container = container_named(task, "containers", init_container);
  std::string words = reason_of_stop(task).words;
  if (container != nullptr && container->if_contains("exitCode") != nullptr) {
    const auto code = int_at(*container, "exitCode");
    words = fmt::format("slipway-init exited with code {}{}{}", code, words.empty() ? "" : ": ", words);
  }
  return words.empty() ? "it said nothing" : words;
}

}  // namespace

EcsInitDatabase::EcsInitDatabase(aws::Client& ecs, aws::Client& ssm, Place place, InstallationId installation,
                                 Secret master_key, std::uint32_t key_generation)
    : ssm_(ssm),
      place_(std::move(place)),
      installation_(std::move(installation)),
      master_key_(std::move(master_key)),
      key_generation_(key_generation),
      tasks_(ecs, place_),
      parameters_(ssm) {}

DatabaseAccess EcsInitDatabase::access(const TenantId& tenant) const {
  const std::string name = resource_name(installation_, tenant);
  return {place_.database_host, place_.database_port, name, name,
          tenant_password(master_key_, tenant, key_generation_)};
}

void EcsInitDatabase::ensure(const TenantId& tenant, const Plan&, IfMissing missing) {
  // A close that was begun is brought to its end: its task may not be shown yet. Of a sign-up there is none to ask for.
  const bool closing =
      missing == IfMissing::refuse && tasks_.definition(chore_family(installation_, tenant, Chore::close)).has_value();
  if (closing && close(tenant) == CallResult::under_way) {
    throw Error(ErrorKind::unavailable, fmt::format("ecs: the task that closes database {} has not ended yet",
                                                    resource_name(installation_, tenant)))
        .after(while_closing);
  }
  parameters_.put(place_.password_parameter(tenant), access(tenant).password);
}

// The definition of the task that closes or drops the tenant's database. It is made anew for every time and taken away
// after it, so that a task which ended well belongs to this time and to no earlier one.
std::string EcsInitDatabase::definition_of(Chore chore, const TenantId& tenant) {
  const std::string family = chore_family(installation_, tenant, chore);
  if (const auto there = tasks_.definition(family)) {
    return string_at(*object_at(*there, "taskDefinition"), "taskDefinitionArn");
  }
  json::object container = init_definition(place_, installation_, tenant, nullptr, to_string(chore), family);
  container["essential"] = true;  // a task needs one
  const json::object made = tasks_.register_definition(
      {{"family", family},
       {"networkMode", "bridge"},
       {"requiresCompatibilities", json::array{"EC2"}},
       {"executionRoleArn", place_.execution_role},
       {"containerDefinitions", json::array{std::move(container)}},
       {"tags", tags_json({{installation_tag, installation_.value()}, {tenant_tag, tenant.value()}})}});
  return string_at(*object_at(made, "taskDefinition"), "taskDefinitionArn");
}

CallResult EcsInitDatabase::close(const TenantId& tenant) { return have_done(Chore::close, tenant); }

CallResult EcsInitDatabase::drop(const TenantId& tenant) {
  const CallResult result = have_done(Chore::drop, tenant);
  if (result == CallResult::under_way) return result;
  parameters_.remove({place_.password_parameter(tenant)});
  for (const Chore chore : {Chore::close, Chore::drop}) {
    tasks_.forget_definitions(tasks_.active_definitions(chore_family(installation_, tenant, chore)));
  }
  return result;
}

CallResult EcsInitDatabase::have_done(Chore chore, const TenantId& tenant) {
  const std::string family = chore_family(installation_, tenant, chore);
  const std::string definition = definition_of(chore, tenant);
  const auto of_this_time = [&](const json::object& task) {
    return string_at(task, "taskDefinitionArn") == definition;
  };
  for (const json::object& task : tasks_.list(family, false)) {
    if (of_this_time(task)) return CallResult::under_way;
  }
  std::size_t failed = 0;
  std::string words;
  for (const json::object& task : tasks_.list(family, true)) {
    if (!of_this_time(task)) continue;
    if (string_at(task, "lastStatus") != "STOPPED") return CallResult::under_way;
    if (succeeded(task)) {
      if (chore == Chore::close) tasks_.forget_definitions(tasks_.active_definitions(family));
      return CallResult::done;
    }
    ++failed;
    words = words_of(task);
  }
  Run run;
  run.task_definition = definition;
  run.started_by = tenant.value();
  // A try that is not to be seen yet is found again under its token, and the next one has another.
  run.token_of = fmt::format("{}/{}/{}", to_string(chore), definition, failed);
  run.tags = {{installation_tag, installation_.value()}, {tenant_tag, tenant.value()}};
  tasks_.run(run);
  if (failed == 0) return CallResult::under_way;
  throw Error(ErrorKind::unavailable,
              fmt::format("ecs: the task that is to {} database {} has failed ({}); started "
                          "another; its output is in log group {}",
                          to_string(chore), resource_name(installation_, tenant), words, place_.log_group))
      .after(after_failure);
}

void EcsInitDatabase::discard(const Resource& resource) {
  throw Error(ErrorKind::invalid, fmt::format("ecs: {} {} is no resource of this database driver: it lists none",
                                              resource.kind, resource.name));
}

std::string EcsInitDatabase::check() {
  const std::string name = place_.admin_password_parameter();
  const auto answer = ssm_.call("GetParameters", json::object{{"Names", json::array{name}}, {"WithDecryption", false}});
  const auto* found = array_at(answer, "Parameters");
  if (found == nullptr || found->empty()) {
    throw Error(ErrorKind::not_found,
                fmt::format("ssm: there is no parameter {}: 'slipway aws deploy' makes it", name));
  }
  return fmt::format("PostgreSQL at {}:{}, reached by tasks only", place_.database_host, place_.database_port);
}

}  // namespace slipway::ecs
