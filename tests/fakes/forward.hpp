#pragma once
#include "contracts/database.hpp"
#include "contracts/mailer.hpp"
#include "contracts/runtime.hpp"
#include "contracts/store.hpp"

namespace slipway::test {

// Hand every call on. A test overrides the one that it has something to do with.

class ForwardStore : public Store {
 public:
  explicit ForwardStore(Store& real) : real_(real) {}
  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override { return real_.sign_up(wanted, now); }
  std::optional<Tenant> find(const TenantId& id) override { return real_.find(id); }
  std::optional<Tenant> find_slug(const Slug& slug) override { return real_.find_slug(slug); }
  std::vector<Tenant> list(const TenantFilter& filter) override { return real_.list(filter); }
  std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) override {
    return real_.claim(id, lease, now);
  }
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    return real_.save(tenant, events, holder);
  }
  std::vector<TenantId> due(TimePoint now, std::size_t limit) override { return real_.due(now, limit); }
  std::optional<TimePoint> next_due() override { return real_.next_due(); }
  std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                 TimePoint now) override {
    return real_.lease_port(tenant, refused, held_until, now);
  }
  std::vector<PortLease> ports(TimePoint now) override { return real_.ports(now); }
  std::vector<Event> events(const TenantId& id, std::uint64_t after, std::size_t limit) override {
    return real_.events(id, after, limit);
  }
  void append(const TenantId& id, const Event& event) override { real_.append(id, event); }
  Overview overview(TimePoint now, TimePoint ready_since) override { return real_.overview(now, ready_since); }
  InstallationId installation() override { return real_.installation(); }
  void release(const TenantId& id, const std::string& owner) override { real_.release(id, owner); }
  void break_leases() override { real_.break_leases(); }
  void add_key(const ApiKey& key) override { real_.add_key(key); }
  std::vector<ApiKey> keys() override { return real_.keys(); }
  std::optional<ApiKey> find_key(std::string_view hash) override { return real_.find_key(hash); }
  bool revoke_key(const KeyId& id, TimePoint now) override { return real_.revoke_key(id, now); }
  void record(const AuditEntry& entry) override { real_.record(entry); }
  std::vector<AuditEntry> audit(const AuditFilter& filter) override { return real_.audit(filter); }
  std::optional<Object> object(std::string_view kind, std::string_view id) override { return real_.object(kind, id); }
  bool put(Object& object) override { return real_.put(object); }
  bool erase(const Object& object) override { return real_.erase(object); }
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override {
    return real_.objects(kind, after, limit);
  }

 protected:
  Store& real_;
};

class ForwardRuntime : public Runtime {
 public:
  explicit ForwardRuntime(Runtime& real) : real_(real) {}
  HostNetwork prepare() override { return real_.prepare(); }
  void begin(const TenantId& tenant) override { real_.begin(tenant); }
  std::string pin(const std::string& image, const Progress& progress) override { return real_.pin(image, progress); }
  Instance create(const InstanceSpec& spec, const Progress& progress) override { return real_.create(spec, progress); }
  StartResult start(const TenantId& tenant, std::uint32_t boot) override { return real_.start(tenant, boot); }
  void stop(const TenantId& tenant, Millis grace) override { real_.stop(tenant, grace); }
  void remove(const TenantId& tenant, bool volumes) override { real_.remove(tenant, volumes); }
  std::optional<Instance> inspect(const TenantId& tenant) override { return real_.inspect(tenant); }
  std::vector<Instance> instances() override { return real_.instances(); }
  std::vector<Resource> resources() override { return real_.resources(); }
  void discard(const Resource& resource) override { real_.discard(resource); }
  std::string check() override { return real_.check(); }

 protected:
  Runtime& real_;
};

class ForwardDatabase : public Database {
 public:
  explicit ForwardDatabase(Database& real) : real_(real) {}
  DatabaseAccess access(const TenantId& tenant) const override { return real_.access(tenant); }
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) override {
    real_.ensure(tenant, plan, missing);
  }
  CallResult close(const TenantId& tenant) override { return real_.close(tenant); }
  CallResult drop(const TenantId& tenant) override { return real_.drop(tenant); }
  void renew() override { real_.renew(); }
  std::vector<Resource> resources() override { return real_.resources(); }
  void discard(const Resource& resource) override { real_.discard(resource); }
  std::string check() override { return real_.check(); }

 protected:
  Database& real_;
};

class ForwardMailer : public Mailer {
 public:
  explicit ForwardMailer(Mailer& real) : real_(real) {}
  std::string send(const Message& message, const std::string& key) override { return real_.send(message, key); }
  std::string check() override { return real_.check(); }

 protected:
  Mailer& real_;
};

}  // namespace slipway::test
