#pragma once
#include "contracts/database.hpp"
#include "contracts/mailer.hpp"
#include "contracts/observer.hpp"
#include "contracts/runtime.hpp"
#include "contracts/store.hpp"

// Each contract around a driver, telling an observer of every call: how long it took and whether it threw.
namespace slipway {

class MeasuredStore : public Store {
 public:
  MeasuredStore(Store& driver, Observer& observer) : driver_(driver), observer_(observer) {}

  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override;
  std::optional<Tenant> find(const TenantId& id) override;
  std::optional<Tenant> find_slug(const Slug& slug) override;
  std::vector<Tenant> list(const TenantFilter& filter) override;
  std::vector<TenantId> ids(Status status, const std::string& after, std::size_t limit) override;
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
  InstallationId installation() override { return driver_.installation(); }  // pure
  void release(const TenantId& id, const std::string& owner) override;
  void break_leases() override;
  void add_key(const ApiKey& key) override;
  std::vector<ApiKey> keys() override;
  std::optional<ApiKey> find_key(std::string_view hash) override;
  bool revoke_key(const KeyId& id, TimePoint now) override;
  void record(const AuditEntry& entry) override;
  std::vector<AuditEntry> audit(const AuditFilter& filter) override;
  std::optional<Object> object(std::string_view kind, std::string_view id) override;
  bool put(Object& object) override;
  bool erase(const Object& object) override;
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override;

 private:
  Store& driver_;
  Observer& observer_;
};

class MeasuredRuntime : public Runtime {
 public:
  MeasuredRuntime(Runtime& driver, Observer& observer) : driver_(driver), observer_(observer) {}

  HostNetwork prepare() override;
  bool must_pull(const std::string& image) override { return driver_.must_pull(image); }
  std::string pin(const std::string& image, const Progress& progress) override { return driver_.pin(image, progress); }
  void begin(const TenantId& tenant) override { driver_.begin(tenant); }
  Instance create(const InstanceSpec& spec, const Progress& progress) override;
  StartResult start(const TenantId& tenant, std::uint32_t boot) override;
  void stop(const TenantId& tenant, Millis grace) override;
  void remove(const TenantId& tenant, bool volumes) override;
  std::optional<Instance> inspect(const TenantId& tenant) override;
  std::vector<Instance> instances() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override;

 private:
  Runtime& driver_;
  Observer& observer_;
};

class MeasuredDatabase : public Database {
 public:
  MeasuredDatabase(Database& driver, Observer& observer) : driver_(driver), observer_(observer) {}

  DatabaseAccess access(const TenantId& tenant) const override { return driver_.access(tenant); }  // pure
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) override;
  CallResult close(const TenantId& tenant) override;
  CallResult drop(const TenantId& tenant) override;
  void renew() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override;

 private:
  Database& driver_;
  Observer& observer_;
};

class MeasuredMailer : public Mailer {
 public:
  MeasuredMailer(Mailer& driver, Observer& observer) : driver_(driver), observer_(observer) {}

  std::string send(const Message& message, const std::string& key) override;
  std::string check() override;

 private:
  Mailer& driver_;
  Observer& observer_;
};

}  // namespace slipway
