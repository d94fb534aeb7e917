#pragma once
#include <boost/json.hpp>

#include "contracts/runtime.hpp"
#include "drivers/runtime/ecs/ecs_runtime.hpp"

namespace slipway::ecs {

// What RegisterTaskDefinition takes for a tenant: the app, and before it the container that makes its database. Tagged
// with the hash of all of it, so that the same is not registered twice.
boost::json::object task_definition(const InstanceSpec& spec, const EcsOptions& options,
                                    const InstallationId& installation);

// "sw_ab12cd_…/app/<task id>": how the agent names the stream of a container's output.
std::string log_stream(const InstallationId& installation, const TenantId& tenant, std::string_view task_arn);

}  // namespace slipway::ecs
