#pragma once
#include <string>

#include "engine/reconciler.hpp"
#include "lambda/work_queue.hpp"

namespace slipway::lambda {

// Brings one tenant as far as it can be brought now, and leaves the rest to the queue: what the engine's threads are
// standalone. It never waits. For one thread at a time, any number of processes.
class Worker {
 public:
  // `owner` names this process's leases; no other process may use it.
  Worker(const World& world, const Settings& settings, Watch& watch, WorkQueue& queue, std::string owner, Log log)
      : world_(world),
        policy_(settings.policy),
        reconciler_(world, settings, watch, log),
        queue_(queue),
        owner_(std::move(owner)),
        log_(std::move(log)) {}

  // Work that has a due time is passed over where somebody has done it already, so that messages that were repeated
  // come to an end.
  void work(const Work& work);

  // The work on this tenant has failed too often: that stands on its row and in its timeline, and a provisioning that
  // was never ready ends as failed. What runs is left alone.
  void give_up(const TenantId& id, const std::string& why);

  // A line in the tenant's timeline.
  void note(const TenantId& id, const std::string& message);

  // Leaves work behind; where even that fails, the ledger's due time stands.
  void send(const Work& work, Millis wait = Millis(0)) const;

 private:
  std::optional<TimePoint> give_back(Tenant& tenant, const Reconciler::Outcome& outcome);

  World world_;
  const Policy& policy_;
  Reconciler reconciler_;
  WorkQueue& queue_;
  const std::string owner_;
  Log log_;
};

}  // namespace slipway::lambda
