#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "model/goal.hpp"
#include "model/next_steps.hpp"

namespace slipway {

// What the planner looks at. The instance is what the runtime sees; nothing: there is none.
struct View {
  const Tenant& tenant;
  const std::optional<Instance>& instance;
  const Policy& policy;
  TimePoint now;

  Goal goal() const { return goal_of(tenant); }
  bool is_up() const { return is(InstanceState::running) || is(InstanceState::starting); }
  bool is_ending() const { return is(InstanceState::stopping); }
  bool restart_owed() const { return tenant.restart_wanted != tenant.restart_done; }
  bool is_placed() const { return tenant.port || !policy.stable_ports; }  // it is known where it shall be published

 private:
  bool is(InstanceState state) const { return instance && instance->state == state; }
};

// What is missing: steps that are ready, and when to look again at what the world is still about.
struct Gaps {
  std::vector<Step> steps;
  std::optional<TimePoint> look_again;

  static Gaps until(TimePoint at) { return {{}, at}; }
  bool none() const { return steps.empty() && !look_again; }
  void look_at(TimePoint at) { look_again = look_again ? std::min(*look_again, at) : at; }
  void add(const Gaps& more) {
    steps.insert(steps.end(), more.steps.begin(), more.steps.end());
    if (more.look_again) look_at(*more.look_again);
  }
};

}  // namespace slipway
