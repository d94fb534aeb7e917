#pragma once
#include <string>
#include <string_view>

#include "aws/service.hpp"

namespace slipway::aws {

// The URL of a service in a region: "https://ecs.eu-central-1.amazonaws.com". Source of the rules: the endpoint rule
// sets that botocore ships; tests/aws compares them. A region of no known partition is one of `aws`, as AWS's own tools
// see it. Throws invalid for a region that cannot be part of a host name.
std::string endpoint_of(const Service& service, std::string_view region, bool use_fips, bool use_dual_stack);

}  // namespace slipway::aws
