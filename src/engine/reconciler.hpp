#pragma once
#include <mutex>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "engine/steps.hpp"

namespace slipway {

// Brings one leased tenant as far as it can be brought now.
class Reconciler {
 public:
  // `boots` may be null: then whoever is ready to boot does.
  Reconciler(const World& world, const Settings& settings, Watch& watch, Log log, BootAdmission* boots = nullptr)
      : world_(world),
        settings_(settings),
        watch_(watch),
        boots_(boots),
        specs_(world.store, world.database, settings, world.limits != nullptr),
        steps_(world, settings, specs_, watch, boots),
        quoting_(settings, world.database),
        log_(std::move(log)) {}

  struct Outcome {
    bool lease_kept = false;  // the row is still ours and in memory; call again at `again`
    std::optional<TimePoint> again;
    Lane lane = Lane::quick;  // in which to call again
  };

  // `tenant` is the row as claimed for `owner`; it is the newest one when the call returns. The lease is given back
  // unless the outcome says otherwise, or another owner had taken it. Steps of a slower lane than `lane` are left to
  // it.
  Outcome reconcile(Tenant& tenant, const std::string& owner, Lane lane = Lane::bulk);

 private:
  struct Changes;
  Outcome go_round(Tenant& tenant, const std::string& owner, Lane lane);
  std::optional<Outcome> wait_for_turn(Tenant& tenant, Decision& decision, const std::string& owner, Lane lane);
  bool pulls(const Tenant& tenant) const;
  bool probe_is_slow(const Tenant& tenant) const;
  Lane lane_of(const Tenant& tenant, const std::vector<Step>& steps) const;
  void count_boot(const Tenant& tenant, const Outcome& outcome) const;
  std::optional<Instance> inspect(const Tenant& tenant, Changes& changes, bool& failed) const;
  void compare(const Tenant& tenant, Instance& instance, Changes& changes) const;
  Changes perform(const Tenant& tenant, const std::vector<Step>& steps, const std::optional<Instance>& instance) const;
  StepResult perform_one(Step step, const Tenant& tenant, const std::optional<Instance>& instance) const;
  StepResult failed(Step step, const Error& error, const Tenant& tenant) const;
  void tell_operator(Tenant& tenant, TimePoint now) const;
  void tell(const Tenant& before, const Tenant& after, const std::vector<Event>& events) const;
  bool save(Tenant& tenant, const Changes& changes, const std::string& owner);
  std::optional<Outcome> finish(Tenant& tenant, const Decision& decision, const std::string& owner);

  World world_;
  const Settings& settings_;
  Watch& watch_;
  BootAdmission* boots_;
  mutable Specs specs_;
  Steps steps_;
  Quoting quoting_;
  Log log_;

  mutable std::mutex told_mutex_;
  mutable std::optional<TimePoint> told_at_;  // the operator, that a sign-up waits
  mutable TenantId told_of_;
};

// How long a worker may work on a tenant before others may take it over; renewed while it works.
constexpr Millis lease_time{30'000};

}  // namespace slipway
