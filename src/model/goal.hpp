#pragma once
#include "model/tenant.hpp"

namespace slipway {

// What is to become of a tenant, whoever wants it. `absent` is also the end of a provisioning that has failed.
enum class Goal { absent, stopped, running };

inline Goal goal_of(const Tenant& tenant) {
  if (tenant.desired == Desired::deleted || !tenant.failure.empty()) return Goal::absent;
  return tenant.desired == Desired::suspended ? Goal::stopped : Goal::running;
}

}  // namespace slipway
