#include "tests/sim/seeded_bugs.hpp"

#include <fmt/format.h>

#include "tests/fakes/forward.hpp"

namespace slipway::sim {
namespace {

using test::ForwardDatabase;
using test::ForwardMailer;
using test::ForwardRuntime;
using test::ForwardStore;

// --- in the ledger ---

struct IgnoresLeases : ForwardStore {
  using ForwardStore::ForwardStore;
  std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) override {
    real_.break_leases();
    return real_.claim(id, lease, now);
  }
};

struct ReleasesOthersLeases : ForwardStore {
  using ForwardStore::ForwardStore;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    if (holder && holder->releases) real_.break_leases();
    return real_.save(tenant, events, holder);
  }
};

struct LetsLateWorkersWrite : ForwardStore {
  using ForwardStore::ForwardStore;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    const bool releases = holder && holder->releases;
    return real_.save(tenant, events, releases ? holder : std::nullopt);
  }
};

struct LeasesNeverRunOut : ForwardStore {
  using ForwardStore::ForwardStore;
  std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint) override {
    return real_.claim(id, lease, TimePoint::min());
  }
};

struct ChecksNoVersion : ForwardStore {
  using ForwardStore::ForwardStore;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    if (const auto row = real_.find(tenant.id)) tenant.version = row->version;
    return real_.save(tenant, events, holder);
  }
};

struct ChecksNoKey : ForwardStore {
  using ForwardStore::ForwardStore;
  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override {
    NewTenant changed = wanted;
    changed.key = IdempotencyKey(fmt::format("fresh{}", ++used_));
    return real_.sign_up(changed, now);
  }
  unsigned used_ = 0;
};

struct ChecksNoBody : ForwardStore {
  using ForwardStore::ForwardStore;
  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override {
    NewTenant changed = wanted;
    changed.body_hash = "the same";
    return real_.sign_up(changed, now);
  }
};

struct LosesDueTimes : ForwardStore {
  using ForwardStore::ForwardStore;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    tenant.due_at.reset();
    return real_.save(tenant, events, holder);
  }
};

struct AnswersBeforeItWrites : ForwardStore {
  using ForwardStore::ForwardStore;
  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override {
    if (++asked_ % 8 == 0) return Created{wanted.tenant};
    return real_.sign_up(wanted, now);
  }
  unsigned asked_ = 0;
};

struct LosesWrites : ForwardStore {
  using ForwardStore::ForwardStore;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    if (++saved_ % 40 == 0) return true;
    return real_.save(tenant, events, holder);
  }
  unsigned saved_ = 0;
};

struct KeepsPortsOfFailed : ForwardStore {
  using ForwardStore::ForwardStore;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    // The row loses its port a write later than the ledger gives leases back.
    if (tenant.status == Status::failed) tenant.port = port_of(tenant.id);
    return real_.save(tenant, events, holder);
  }
  std::optional<Port> port_of(const TenantId& id) {
    for (const PortLease& lease : real_.ports(whenever)) {
      if (lease.tenant_id == id) return lease.port;
    }
    return std::nullopt;
  }
};

struct LeasesAPortTwice : ForwardStore {
  using ForwardStore::ForwardStore;
  std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                 TimePoint now) override {
    for (const PortLease& lease : real_.ports(now)) {
      if (lease.status == PortStatus::leased && lease.tenant_id != tenant.id) return lease.port;
    }
    return real_.lease_port(tenant, refused, held_until, now);
  }
};

// A sweep that does not see the last page takes those tenants' things for orphans.
struct ListsTooFew : ForwardStore {
  using ForwardStore::ForwardStore;
  std::vector<Tenant> list(const TenantFilter& filter) override {
    auto page = real_.list(filter);
    if (!page.empty()) page.pop_back();
    return page;
  }
};

// --- in the runtime ---

struct StartsWhatRuns : ForwardRuntime {
  using ForwardRuntime::ForwardRuntime;
  StartResult start(const TenantId& tenant, std::uint32_t boot) override {
    real_.stop(tenant, Millis(0));
    return real_.start(tenant, boot);
  }
};

struct ForgetsToStop : ForwardRuntime {
  using ForwardRuntime::ForwardRuntime;
  void stop(const TenantId&, Millis) override {}
};

struct ForgetsVolumes : ForwardRuntime {
  using ForwardRuntime::ForwardRuntime;
  void remove(const TenantId& tenant, bool) override { real_.remove(tenant, false); }
  std::vector<Resource> resources() override {
    auto all = real_.resources();
    std::erase_if(all, [](const Resource& r) { return r.kind == "volume"; });
    return all;
  }
};

struct IgnoresLabels : ForwardRuntime {
  IgnoresLabels(Runtime& real, const test::FakeRuntime& machine)
      : ForwardRuntime(real), others_(machine, InstallationId("other1")) {}
  std::vector<Resource> resources() override {
    auto all = real_.resources();
    for (const Resource& r : others_.resources()) all.push_back(r);
    return all;
  }
  void discard(const Resource& resource) override {
    real_.discard(resource);
    others_.discard(resource);
  }
  test::FakeRuntime others_;
};

// --- in the database, the mail ---

struct ForgetsToDrop : ForwardDatabase {
  using ForwardDatabase::ForwardDatabase;
  CallResult drop(const TenantId&) override { return CallResult::done; }
  std::vector<Resource> resources() override { return {}; }
};

struct MakesTooFew : ForwardDatabase {
  using ForwardDatabase::ForwardDatabase;
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) override {
    if (++made_ % 3 != 0) real_.ensure(tenant, plan, missing);
  }
  unsigned made_ = 0;
};

struct ChangesKeys : ForwardMailer {
  using ForwardMailer::ForwardMailer;
  std::string send(const Message& message, const std::string& key) override {
    return real_.send(message, fmt::format("{}/{}", key, ++sent_));
  }
  unsigned sent_ = 0;
};

struct LosesMail : ForwardMailer {
  using ForwardMailer::ForwardMailer;
  std::string send(const Message&, const std::string&) override { return "id"; }
};

template <class Bug>
SeededBug in_ledger(std::string name) {
  return {std::move(name), [](Fakes& fakes) { fakes.faulty_store = std::make_unique<Bug>(*fakes.store); }, {}};
}

template <class Bug>
SeededBug in_runtime(std::string name) {
  return {std::move(name), [](Fakes& fakes) { fakes.faulty_runtime = std::make_unique<Bug>(*fakes.machine); }, {}};
}

template <class Bug>
SeededBug in_database(std::string name) {
  return {std::move(name), [](Fakes& fakes) { fakes.faulty_database = std::make_unique<Bug>(*fakes.postgres); }, {}};
}

template <class Bug>
SeededBug in_mail(std::string name) {
  return {std::move(name), [](Fakes& fakes) { fakes.faulty_mailer = std::make_unique<Bug>(*fakes.provider); }, {}};
}

}  // namespace

std::vector<SeededBug> seeded_bugs() {
  return {
      in_ledger<IgnoresLeases>("a lease is ignored"),
      in_ledger<ReleasesOthersLeases>("a lease of another owner is released"),
      in_ledger<LetsLateWorkersWrite>("a worker writes after its lease"),
      in_ledger<LeasesNeverRunOut>("a lease never runs out"),
      in_ledger<ChecksNoVersion>("a version is not compared"),
      in_ledger<ChecksNoKey>("an idempotency key is not looked up"),
      in_ledger<ChecksNoBody>("a key's body is not compared"),
      in_ledger<LosesDueTimes>("a due time is lost"),
      in_ledger<AnswersBeforeItWrites>("a sign-up is answered but not written"),
      in_ledger<LosesWrites>("a write is lost"),
      in_ledger<KeepsPortsOfFailed>("a port is not given back"),
      in_ledger<LeasesAPortTwice>("a port is leased twice"),
      in_ledger<ListsTooFew>("a sweep overlooks a live tenant"),
      {"a sweep forgets the grace", {}, [](Settings& s) { s.orphan_grace = Millis(0); }},
      {"nothing is swept", {}, [](Settings& s) { s.orphan_grace = Millis(360'000'000); }},
      in_runtime<StartsWhatRuns>("what runs is started again"),
      in_runtime<ForgetsToStop>("a stop is forgotten"),
      in_runtime<ForgetsVolumes>("an undo is forgotten: volumes"),
      {"another installation's label is taken for ours",
       [](Fakes& fakes) { fakes.faulty_runtime = std::make_unique<IgnoresLabels>(*fakes.machine, *fakes.machine); },
       {}},
      in_database<ForgetsToDrop>("an undo is forgotten: the database"),
      in_database<MakesTooFew>("a database is said to be there and is not"),
      in_mail<ChangesKeys>("a mail's key changes"),
      in_mail<LosesMail>("a mail is said to be sent and is not"),
  };
}

}  // namespace slipway::sim
