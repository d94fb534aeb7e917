#pragma once
#include <string>

#include "engine/reconciler.hpp"

namespace slipway {

// A worker's turns at tenants: to claim a row, to reconcile it and to give it back. The threads at home and the events
// of a Lambda are built on it.
class Turns {
 public:
  // `owner` names this process's leases; no other process may use it. `boots` is Reconciler's.
  Turns(const World& world, const Settings& settings, Watch& watch, std::string owner, Log log,
        BootAdmission* boots = nullptr)
      : world_(world),
        policy_(settings.policy),
        owner_(std::move(owner)),
        reconciler_(world, settings, watch, log, boots),
        log_(std::move(log)) {}

  // The row, leased. Nothing: another works on it, or it is gone.
  std::optional<Tenant> claim(const TenantId& id);

  Reconciler::Outcome reconcile(Tenant& tenant, Lane lane = Lane::bulk) {
    return reconciler_.reconcile(tenant, owner_, lane);
  }

  // For a row that stays in memory until the next turn: its lease held for longer (false: another has had it since), or
  // given back at last.
  bool renew(const TenantId& id);
  void release(const TenantId& id) { world_.store.release(id, owner_); }

  // For one that does not stay: the lease goes back, and the ledger knows when to look again, as does the caller.
  // Nothing: only an event can change it, or another has it.
  std::optional<TimePoint> give_back(Tenant& tenant, const Reconciler::Outcome& outcome);

  // Turns at this tenant have failed too often: that stands on its row and in its timeline, and a provisioning that was
  // never ready ends as failed. What runs is left alone.
  void give_up(const TenantId& id, const std::string& why);

 private:
  World world_;
  const Policy& policy_;
  const std::string owner_;
  Reconciler reconciler_;
  Log log_;
};

}  // namespace slipway
