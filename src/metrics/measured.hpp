#pragma once
#include <chrono>
#include <exception>

#include "contracts/database.hpp"
#include "contracts/mailer.hpp"
#include "contracts/observer.hpp"
#include "contracts/runtime.hpp"
#include "contracts/store.hpp"

// Each contract around a driver, telling an observer of every call: how long it took and whether it threw.
namespace slipway {

template <class Contract>
class Measured : public Contract {
 public:
  Measured(std::string_view name, Contract& driver, Observer& observer)
      : driver_(driver), name_(name), observer_(observer) {}

 protected:
  template <class Result, class Base, class... Parameters, class... Arguments>
  Result call(std::string_view operation, Result (Base::*method)(Parameters...), Arguments&&... arguments) {
    using Steady = std::chrono::steady_clock;
    struct Telling {
      Measured& all;
      std::string_view operation;
      Steady::time_point began = Steady::now();
      int exceptions = std::uncaught_exceptions();
      ~Telling() {
        const bool returned = std::uncaught_exceptions() == exceptions;
        all.observer_.driver_called(all.name_, operation, returned, Steady::now() - began);
      }
    } telling{*this, operation};
    return (driver_.*method)(std::forward<Arguments>(arguments)...);
  }

  Contract& driver_;

 private:
  const std::string_view name_;
  Observer& observer_;
};

class MeasuredStore : public Measured<Store> {
 public:
  MeasuredStore(Store& driver, Observer& observer) : Measured("store", driver, observer) {}

  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override {
    return call("sign_up", &Store::sign_up, wanted, now);
  }
  std::optional<Tenant> find(const TenantId& id) override { return call("find", &Store::find, id); }
  std::optional<Tenant> find_slug(const Slug& slug) override { return call("find_slug", &Store::find_slug, slug); }
  std::vector<Tenant> list(const TenantFilter& filter) override { return call("list", &Store::list, filter); }
  std::vector<TenantId> ids(Status status, const std::string& after, std::size_t limit) override {
    return call("ids", &Store::ids, status, after, limit);
  }
  std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) override {
    return call("claim", &Store::claim, id, lease, now);
  }
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override {
    return call("save", &Store::save, tenant, events, holder);
  }
  std::vector<TenantId> due(TimePoint now, std::size_t limit) override { return call("due", &Store::due, now, limit); }
  std::optional<TimePoint> next_due() override { return call("next_due", &Store::next_due); }
  std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                 TimePoint now) override {
    return call("lease_port", &Store::lease_port, tenant, refused, held_until, now);
  }
  std::vector<PortLease> ports(TimePoint now) override { return call("ports", &Store::ports, now); }
  std::vector<Event> events(const TenantId& id, std::uint64_t after, std::size_t limit) override {
    return call("events", &Store::events, id, after, limit);
  }
  void append(const TenantId& id, const Event& event) override { call("append", &Store::append, id, event); }
  Overview overview(TimePoint now, TimePoint ready_since) override {
    return call("overview", &Store::overview, now, ready_since);
  }
  InstallationId installation() override { return driver_.installation(); }  // pure
  void release(const TenantId& id, const std::string& owner) override { call("release", &Store::release, id, owner); }
  void break_leases() override { call("break_leases", &Store::break_leases); }
  void add_key(const ApiKey& key) override { call("add_key", &Store::add_key, key); }
  std::vector<ApiKey> keys() override { return call("keys", &Store::keys); }
  std::optional<ApiKey> find_key(std::string_view hash) override { return call("find_key", &Store::find_key, hash); }
  bool revoke_key(const KeyId& id, TimePoint now) override { return call("revoke_key", &Store::revoke_key, id, now); }
  void record(const AuditEntry& entry) override { call("record", &Store::record, entry); }
  std::vector<AuditEntry> audit(const AuditFilter& filter) override { return call("audit", &Store::audit, filter); }
  std::optional<Object> object(std::string_view kind, std::string_view id) override {
    return call("object", &Store::object, kind, id);
  }
  bool put(Object& object) override { return call("put", &Store::put, object); }
  bool erase(const Object& object) override { return call("erase", &Store::erase, object); }
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override {
    return call("objects", &Store::objects, kind, after, limit);
  }
};

class MeasuredRuntime : public Measured<Runtime> {
 public:
  MeasuredRuntime(Runtime& driver, Observer& observer) : Measured("runtime", driver, observer) {}

  HostNetwork prepare() override { return call("prepare", &Runtime::prepare); }
  bool must_pull(const std::string& image) override { return driver_.must_pull(image); }
  void begin(const TenantId& tenant) override { driver_.begin(tenant); }
  std::string pin(const std::string& image, const Progress& progress) override {
    return call("pin", &Runtime::pin, image, progress);
  }
  Instance create(const InstanceSpec& spec, const Progress& progress) override {
    return call("create", &Runtime::create, spec, progress);
  }
  StartResult start(const TenantId& tenant, std::uint32_t boot) override {
    return call("start", &Runtime::start, tenant, boot);
  }
  void stop(const TenantId& tenant, Millis grace) override { call("stop", &Runtime::stop, tenant, grace); }
  void remove(const TenantId& tenant, bool volumes) override { call("remove", &Runtime::remove, tenant, volumes); }
  std::optional<Instance> inspect(const TenantId& tenant) override {
    return call("inspect", &Runtime::inspect, tenant);
  }
  std::vector<Instance> instances() override { return call("instances", &Runtime::instances); }
  std::vector<Resource> resources() override { return call("resources", &Runtime::resources); }
  void discard(const Resource& resource) override { call("discard", &Runtime::discard, resource); }
  std::string check() override { return call("check", &Runtime::check); }
};

class MeasuredDatabase : public Measured<Database> {
 public:
  MeasuredDatabase(Database& driver, Observer& observer) : Measured("database", driver, observer) {}

  DatabaseAccess access(const TenantId& tenant) const override { return driver_.access(tenant); }  // pure
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) override {
    call("ensure", &Database::ensure, tenant, plan, missing);
  }
  CallResult close(const TenantId& tenant) override { return call("close", &Database::close, tenant); }
  CallResult drop(const TenantId& tenant) override { return call("drop", &Database::drop, tenant); }
  void renew() override { call("renew", &Database::renew); }
  std::vector<Resource> resources() override { return call("resources", &Database::resources); }
  void discard(const Resource& resource) override { call("discard", &Database::discard, resource); }
  std::string check() override { return call("check", &Database::check); }
};

class MeasuredMailer : public Measured<Mailer> {
 public:
  MeasuredMailer(Mailer& driver, Observer& observer) : Measured("mail", driver, observer) {}

  std::string send(const Message& message, const std::string& key) override {
    return call("send", &Mailer::send, message, key);
  }
  std::string check() override { return call("check", &Mailer::check); }
};

}  // namespace slipway
