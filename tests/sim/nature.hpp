#pragma once
#include <functional>
#include <set>
#include <vector>

#include "tests/sim/customers.hpp"
#include "tests/sim/process.hpp"

namespace slipway::sim {

// What happens to a machine by itself: containers die or are removed by hand, apps misbehave, what Slipway depends on
// fails or is slow, the clock jumps, a process is killed, stopped or frozen.
class Nature {
 public:
  Nature(Scene& scene, const Customers& customers, std::function<Process*()> any_process)
      : scene_(scene), customers_(customers), any_process_(std::move(any_process)) {}

  // How rough this seed is.
  void begin();
  // One misfortune; says when the next one comes.
  Millis strike();
  // The sky clears. Some apps stay bad for ever; the judge is told which.
  void calm_down();

 private:
  void trouble_instance(const TenantId& id);
  void trouble_app(const TenantId& id);
  void trouble_machine();
  void neighbours_instance(const TenantId& id);
  void trouble_dependency();
  void trouble_process();
  void tell_of(const TenantId& id);

  Scene& scene_;
  const Customers& customers_;
  std::function<Process*()> any_process_;
  std::set<TenantId> moody_;
  std::vector<Port> taken_;
  unsigned strangers_ = 0;
  std::set<TenantId> orphaned_;  // each once: a sweep that took it may not be the one that saw it first
  bool jumps_ = false;
};

}  // namespace slipway::sim
