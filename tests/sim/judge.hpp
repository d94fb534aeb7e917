#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/settings.hpp"
#include "tests/fakes/fake_probe.hpp"
#include "tests/sim/fakes.hpp"
#include "tests/sim/stage.hpp"

namespace slipway::sim {

// Sees every effect and every answer, and holds them against the promises of docs/ARCHITECTURE.md: some at once, the
// others when everything has come to rest. Looks at the fakes themselves, never at what a seeded bug makes of them.
class Judge {
 public:
  Judge(Stage& stage, const Settings& settings, Fakes& fakes, test::FakeProbe& probe)
      : stage_(stage), settings_(settings), fakes_(fakes), probe_(probe) {}

  // --- at once: told by the edges ---
  void claimed(const Tenant& row, const Lease& lease, TimePoint now);
  void released(const TenantId& id, const std::string& owner);
  void leases_broken() { leases_.clear(); }
  // `before`: the row just before a save that succeeded.
  void saved(const std::optional<Tenant>& before, const Tenant& wanted, bool releases, const std::string& owner);
  void signed_up(const SignUpResult& result);
  // Just before an effect on the tenant's instance or database by a process whose leases bear this name.
  void acts(const TenantId& id, const std::string& owner);
  void opens_or_closes(const TenantId& id, const std::string& owner);  // its database
  void ends_instance(const TenantId& id, const std::string& owner);    // stops or removes it
  void destroys_data(const TenantId& id);                              // volumes, database, role
  void appears(const std::string& kind, const TenantId& id);           // something was made
  void discards(const Resource& resource, const std::string& owner);
  void swept(const std::string& owner, TimePoint began, bool whole);  // not `whole`: a call of it failed
  void starts_again(const TenantId& id);                              // what was running already

  // --- told by the customers ---
  // An answer with a tenant in it, Created or Existing.
  void answered(const SignUp& request, const std::optional<IdempotencyKey>& key, const std::string& body_hash,
                const Tenant& tenant);
  void deletion_accepted(const TenantId& id) { deletions_.insert(id); }
  bool retry_is_safe(const TenantId& id) const;

  // --- at the end ---
  // Nothing that the engine owes is left to be done. The words say what is, for the report.
  std::optional<std::string> unrest();
  void final_look();
  // No app is bad, so nobody has a reason to start or stop anything.
  bool quiet();
  // How often anything was made, started, stopped or removed so far.
  std::uint64_t disturbances() const { return disturbances_; }

  void violated(const std::string& promise, const std::string& what);
  const std::vector<std::string>& violations() const { return violations_; }
  std::uint64_t late_effects() const { return late_effects_; }

  void will_stay_bad(const TenantId& id) { bad_apps_.insert(id); }
  void strangers_instance(const Resource& resource) { strangers_.push_back(resource); }
  // A database of a tenant that the ledger has lost: a sweep must keep it.
  void unknown_to_the_ledger(const TenantId& id) { unknown_.insert(id); }
  std::vector<TenantId> deleted_tenants();

 private:
  struct Known {
    std::string body_hash;
    TenantId tenant;
  };
  struct Made {
    TimePoint at;
    std::optional<TimePoint> gone;  // when something of the tenant's was last taken away before
  };
  struct Sweep {
    TimePoint began, ended;
    bool whole;
  };

  std::vector<Tenant> rows();
  void look_at_rows_together();
  void look_at_live(const Tenant& t);
  void look_at_running(const Tenant& t, const std::optional<Instance>& instance);
  void look_at_gone(const Tenant& t);
  void look_at_mails(const Tenant& t);
  bool may_take_for_an_older_one(const Made& made, const std::string& owner) const;
  bool holds(const std::string& owner, const TenantId& id) const;
  static bool just_failure(const Tenant& after);

  Stage& stage_;
  const Settings& settings_;
  Fakes& fakes_;
  test::FakeProbe& probe_;

  std::map<TenantId, Lease> leases_;
  std::map<TenantId, std::uint64_t> requests_;                        // for a tenant, so far
  std::map<std::pair<std::string, TenantId>, std::uint64_t> heeded_;  // that an owner knew of when it last saw the row
  std::map<IdempotencyKey, Known> keys_;
  std::map<TenantId, SignUp> accepted_;
  std::set<TenantId> deletions_;
  std::set<TenantId> bad_apps_;
  std::map<std::pair<std::string, TenantId>, Made> made_;
  std::map<TenantId, TimePoint> gone_at_;             // when something of it was last taken away
  std::map<std::string, std::vector<Sweep>> sweeps_;  // of each process
  std::vector<Resource> strangers_;
  std::set<TenantId> unknown_;
  std::uint64_t disturbances_ = 0;
  std::uint64_t late_effects_ = 0;
  std::set<TenantId> late_databases_;  // opened or closed last by a worker that had lost its lease
  std::vector<std::string> violations_;
};

}  // namespace slipway::sim
