#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "contracts/database.hpp"
#include "contracts/runtime.hpp"
#include "contracts/store.hpp"
#include "engine/settings.hpp"
#include "model/release.hpp"

namespace slipway {

// The plan that holds for a tenant: as slipway.yaml has it now; else, since a plan may be taken out of the file, as it
// was given last; else, of a customer from before that was written down, the default one.
Plan plan_of(const Settings& settings, const Tenant& tenant);

// What each tenant's instance is made from: its release, its plan, its database and its address. Thread-safe.
class Specs {
 public:
  // `live_limits`: they can be changed without making another instance.
  Specs(Store& store, const Database& database, const Settings& settings, bool live_limits)
      : store_(store), database_(database), settings_(settings), live_limits_(live_limits) {}

  // The app as the tenant runs it, or would run it if its instance were made now. Throws internal where the ledger has
  // lost its release.
  AppSpec app(const Tenant& tenant);

  // The release that a tenant without one gets now; written down when it returns. `pin` finds the image.
  std::shared_ptr<const Release> todays(const Tenant& tenant,
                                        const std::function<std::string(const std::string&)>& pin);
  std::shared_ptr<const Release> find(const std::string& id);

  // Throws unavailable as long as it is not known where instances find their database.
  InstanceSpec spec(const Tenant& tenant, const Release& release) const;

  // What is to be told to the runtime, or shown, about limits that are not those of the plan any more: more memory,
  // processes and connections are given at once, less only to the next start, since the app may be using them.
  enum class LimitsChange { none, now, at_start };
  LimitsChange limits_change(const Tenant& tenant) const;

  // Whether the customer was told another URL than the one that leads to them now.
  bool has_moved(const Tenant& tenant) const;

  // Whether another instance would be made for it now. `made` is the fingerprint that the runtime remembers, if it
  // does: a late call may have made another instance than the row says. False for an instance that an older version
  // made, and while a first boot goes on. Nothing if it cannot be told now (the ledger does not answer, a network is
  // not there yet): what was found before stands.
  std::optional<bool> is_outdated(const Tenant& tenant, const std::string& made);

 private:
  void remember(const std::shared_ptr<const Release>& release);

  Store& store_;
  const Database& database_;
  const Settings& settings_;
  const bool live_limits_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Release>, std::less<>> known_;
};

}  // namespace slipway
