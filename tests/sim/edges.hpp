#pragma once
#include <string>
#include <type_traits>

#include "base/error.hpp"
#include "contracts/database.hpp"
#include "contracts/mailer.hpp"
#include "contracts/probe.hpp"
#include "contracts/runtime.hpp"
#include "contracts/store.hpp"
#include "tests/sim/scene.hpp"

namespace slipway::sim {

// The process loses its memory at this instant, in the middle of whatever its actors do. What one of them has sent may
// still arrive, within seconds.
void die(Stage& stage, Life& life);

// The way from one process to something that it depends on. A call arrives at once, later or never, and so does its
// answer; the process may die on either side of the effect; others have their turns meanwhile.
class Link {
 public:
  Link(Scene& scene, Life& life, std::string owner) : scene_(scene), life_(life), owner_(std::move(owner)) {}

  template <class Effect>
  auto call(Side side, std::string_view what, const TenantId& whom, Effect effect) {
    arrive(side, what, whom);
    if constexpr (std::is_void_v<decltype(effect())>) {
      arrived(what, whom, effect);
      leave(side, what, whom);
    } else {
      auto result = arrived(what, whom, effect);
      leave(side, what, whom);
      return result;
    }
  }

  Scene& scene() { return scene_; }
  Judge& judge() { return scene_.judge; }
  const std::string& owner() const { return owner_; }
  Actor& root() { return *scene_.stage.current().root; }
  // The process's memory is being let go: nothing goes out any more.
  void cut() { cut_ = true; }

 private:
  template <class Effect>
  auto arrived(std::string_view what, const TenantId& whom, Effect& effect) {
    try {
      return effect();
    } catch (const Error& error) {
      refused(what, whom, error);
      throw;
    }
  }
  void arrive(Side side, std::string_view what, const TenantId& whom);
  void refused(std::string_view what, const TenantId& whom, const Error& error);
  void leave(Side side, std::string_view what, const TenantId& whom);
  void moment(Side side, bool before_effect);
  [[noreturn]] void fail(Side side, std::string_view what, const TenantId& whom, std::string_view how);

  Scene& scene_;
  Life& life_;
  std::string owner_;
  bool cut_ = false;
};

class StoreEdge : public Store {
 public:
  explicit StoreEdge(Link& link) : link_(link) {}
  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override;
  std::optional<Tenant> find(const TenantId& id) override;
  std::optional<Tenant> find_slug(const Slug& slug) override;
  std::vector<Tenant> list(const TenantFilter& filter) override;
  std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) override;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override;
  std::vector<TenantId> due(TimePoint now, std::size_t limit) override;
  std::optional<TimePoint> next_due() override;
  std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                 TimePoint now) override;
  std::vector<PortLease> ports(TimePoint now) override;
  std::vector<Event> events(const TenantId& id, std::uint64_t after, std::size_t limit) override;
  void append(const TenantId& id, const Event& event) override;
  Overview overview(TimePoint now, TimePoint ready_since) override;
  InstallationId installation() override { return ledger().installation(); }
  void release(const TenantId& id, const std::string& owner) override;
  void break_leases() override;
  std::optional<Object> object(std::string_view kind, std::string_view id) override;
  bool put(Object& object) override;
  bool erase(const Object& object) override;
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override;

  // Nothing here asks for these; they go straight through.
  void add_key(const ApiKey& key) override { ledger().add_key(key); }
  std::vector<ApiKey> keys() override { return ledger().keys(); }
  std::optional<ApiKey> find_key(std::string_view hash) override { return ledger().find_key(hash); }
  bool revoke_key(const KeyId& id, TimePoint now) override { return ledger().revoke_key(id, now); }
  void record(const AuditEntry& entry) override { ledger().record(entry); }
  std::vector<AuditEntry> audit(const AuditFilter& filter) override { return ledger().audit(filter); }

 private:
  Store& ledger() { return link_.scene().fakes.ledger(); }
  Link& link_;
};

class RuntimeEdge : public Runtime, public RuntimeLimits {
 public:
  explicit RuntimeEdge(Link& link) : link_(link) {}
  HostNetwork prepare() override { return runtime().prepare(); }
  void begin(const TenantId& tenant) override { runtime().begin(tenant); }
  std::string pin(const std::string& image, const Progress& progress) override;
  void set_limits(const TenantId& tenant, const Plan& plan) override;
  Instance create(const InstanceSpec& spec, const Progress& progress) override;
  StartResult start(const TenantId& tenant, std::uint32_t boot) override;
  void stop(const TenantId& tenant, Millis grace) override;
  void remove(const TenantId& tenant, bool volumes) override;
  std::optional<Instance> inspect(const TenantId& tenant) override;
  std::vector<Instance> instances() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override { return runtime().check(); }

 private:
  Runtime& runtime() { return link_.scene().fakes.runtime(); }
  Link& link_;
};

class DatabaseEdge : public Database {
 public:
  explicit DatabaseEdge(Link& link) : link_(link) {}
  DatabaseAccess access(const TenantId& tenant) const override { return database().access(tenant); }
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) override;
  CallResult close(const TenantId& tenant) override;
  CallResult drop(const TenantId& tenant) override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override { return database().check(); }

 private:
  Database& database() const { return link_.scene().fakes.database(); }
  Link& link_;
};

class MailerEdge : public Mailer {
 public:
  explicit MailerEdge(Link& link) : link_(link) {}
  std::string send(const Message& message, const std::string& key) override;
  std::string check() override { return link_.scene().fakes.mailer().check(); }

 private:
  Link& link_;
};

class ProbeEdge : public Probe {
 public:
  explicit ProbeEdge(Link& link) : link_(link) {}
  ProbeResult ask(const ProbeTarget& target, const std::string& url, Millis timeout) override;

 private:
  Link& link_;
};

}  // namespace slipway::sim
