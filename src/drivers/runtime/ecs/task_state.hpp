#pragma once
#include <boost/json.hpp>

#include "model/instance.hpp"

namespace slipway::ecs {

// A task as ECS describes it, as an instance; without its address.
Instance instance_of_task(const TenantId& tenant, const boost::json::object& task);

}  // namespace slipway::ecs
