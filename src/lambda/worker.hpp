#pragma once
#include <string>

#include "engine/turns.hpp"
#include "lambda/work_queue.hpp"

namespace slipway::lambda {

// Brings one tenant as far as it can be brought now, and leaves the rest to the queue: what the engine's threads are
// standalone. It never waits. For one thread at a time, any number of processes.
class Worker {
 public:
  // `owner` names this process's leases; no other process may use it.
  Worker(const World& world, const Settings& settings, Watch& watch, WorkQueue& queue, std::string owner, Log log)
      : store_(world.store),
        clock_(world.clock),
        turns_(world, settings, watch, std::move(owner), log),
        queue_(queue),
        log_(std::move(log)) {}

  // Work that has a due time is passed over where somebody has done it already, so that messages that were repeated
  // come to an end.
  void work(const Work& work);

  // The work on this tenant has failed too often.
  void give_up(const TenantId& id, const std::string& why) { turns_.give_up(id, why); }

  // A line in the tenant's timeline.
  void note(const TenantId& id, const std::string& message);

  // Leaves work behind; where even that fails, the ledger's due time stands.
  void send(const Work& work, Millis wait = Millis(0)) const;

 private:
  Store& store_;
  const Clock& clock_;
  Turns turns_;
  WorkQueue& queue_;
  Log log_;
};

}  // namespace slipway::lambda
