#include "drivers/runtime/ecs/task_state.hpp"

#include <fmt/format.h>

#include "base/json.hpp"
#include "drivers/ecs_common/failure.hpp"
#include "drivers/ecs_common/tasks.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

constexpr int unknown_exit_code = 137;  // ECS gives none where it killed a container or lost its machine

std::optional<Port> host_port_of(const json::object* app) {
  const auto* bindings = app == nullptr ? nullptr : array_at(*app, "networkBindings");
  if (bindings == nullptr) return std::nullopt;
  for (const auto& binding : *bindings) {
    const auto port = int_at(binding.as_object(), "hostPort");
    if (port > 0 && port <= 65'535) return Port(static_cast<std::uint16_t>(port));
  }
  return std::nullopt;
}

bool failed(const json::object* container) {
  return container != nullptr && container->if_contains("exitCode") != nullptr && int_at(*container, "exitCode") != 0;
}

void describe_end(const json::object& task, const json::object* app, Instance& instance) {
  const StopReason why = reason_of_stop(task);
  const auto* init = container_named(task, "containers", init_container);
  instance.error = why.words;
  instance.hopeless = why.hopeless;
  instance.no_room = why.no_room;
  if (failed(init)) {
    instance.error = fmt::format("its database could not be made: slipway-init exited with code {}{}{}",
                                 int_at(*init, "exitCode"), why.words.empty() ? "" : ": ", why.words);
  }
  const bool told = app != nullptr && app->if_contains("exitCode") != nullptr;
  instance.exit_code = told ? static_cast<int>(int_at(*app, "exitCode")) : unknown_exit_code;
  instance.out_of_memory = app != nullptr && says_out_of_memory(string_at(*app, "reason"));
}

}  // namespace

// Source: ECS, "task lifecycle".
Instance instance_of_task(const TenantId& tenant, const json::object& task) {
  Instance instance;
  instance.tenant = tenant;
  const std::string definition = string_at(task, "taskDefinitionArn");
  instance.id = definition.substr(definition.rfind('/') + 1);
  const std::string last = string_at(task, "lastStatus");
  const auto* app = container_named(task, "containers", app_container);
  if (last == "STOPPED" || last == "DELETED") {
    instance.state = InstanceState::exited;
    describe_end(task, app, instance);
  } else if (string_at(task, "desiredStatus") == "STOPPED" || last == "DEACTIVATING" || last == "STOPPING" ||
             last == "DEPROVISIONING") {
    instance.state = InstanceState::stopping;
  } else {
    instance.host_port = host_port_of(app);
    const bool up = last == "RUNNING" && instance.host_port;  // its port is told a little later at times
    instance.state = up ? InstanceState::running : InstanceState::starting;
  }
  return instance;
}

}  // namespace slipway::ecs
