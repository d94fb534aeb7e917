#pragma once
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "engine/steps.hpp"

namespace slipway {

// Brings one leased tenant as far as it can be brought now.
class Reconciler {
 public:
  Reconciler(const World& world, const Settings& settings, Watch& watch, Log log)
      : world_(world),
        settings_(settings),
        watch_(watch),
        steps_(world, settings, watch),
        quoting_(settings, world.database),
        log_(std::move(log)) {}

  struct Outcome {
    bool lease_kept = false;  // the row is still ours and in memory; call again at `again`
    std::optional<TimePoint> again;
  };

  // `tenant` is the row as claimed for `owner`; it is the newest one when the call returns. The lease is given back
  // unless the outcome says otherwise, or another owner had taken it.
  Outcome reconcile(Tenant& tenant, const std::string& owner);

 private:
  struct Changes;
  std::optional<Instance> inspect(const Tenant& tenant, Changes& changes, bool& failed) const;
  Changes perform(const Tenant& tenant, const std::vector<Step>& steps, const std::optional<Instance>& instance) const;
  StepResult perform_one(Step step, const Tenant& tenant, const std::optional<Instance>& instance) const;
  StepResult failed(Step step, const Error& error) const;
  void tell(const Tenant& before, const Tenant& after, const std::vector<Event>& events) const;
  bool save(Tenant& tenant, const Changes& changes, const std::string& owner);
  std::optional<Outcome> finish(Tenant& tenant, const Decision& decision, const std::string& owner);

  World world_;
  const Settings& settings_;
  Watch& watch_;
  Steps steps_;
  Quoting quoting_;
  Log log_;
};

// How long a worker may work on a tenant before others may take it over; renewed while it works.
constexpr Millis lease_time{30'000};

}  // namespace slipway
