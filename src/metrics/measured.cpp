#include "metrics/measured.hpp"

#include <exception>

namespace slipway {
namespace {

// Runs `call` and tells of it, also where it throws.
template <class Call>
auto measured(Observer& observer, std::string_view driver, std::string_view operation, Call&& call) {
  using Steady = std::chrono::steady_clock;
  struct Telling {
    Observer& observer;
    std::string_view driver, operation;
    Steady::time_point began = Steady::now();
    int exceptions = std::uncaught_exceptions();
    ~Telling() {
      observer.driver_called(driver, operation, std::uncaught_exceptions() == exceptions, Steady::now() - began);
    }
  } telling{observer, driver, operation};
  return call();
}

}  // namespace

SignUpResult MeasuredStore::sign_up(const NewTenant& wanted, TimePoint now) {
  return measured(observer_, "store", "sign_up", [&] { return driver_.sign_up(wanted, now); });
}

std::optional<Tenant> MeasuredStore::find(const TenantId& id) {
  return measured(observer_, "store", "find", [&] { return driver_.find(id); });
}

std::optional<Tenant> MeasuredStore::find_slug(const Slug& slug) {
  return measured(observer_, "store", "find_slug", [&] { return driver_.find_slug(slug); });
}

std::vector<Tenant> MeasuredStore::list(const TenantFilter& filter) {
  return measured(observer_, "store", "list", [&] { return driver_.list(filter); });
}

std::vector<TenantId> MeasuredStore::ids(Status status, const std::string& after, std::size_t limit) {
  return measured(observer_, "store", "ids", [&] { return driver_.ids(status, after, limit); });
}

std::optional<Tenant> MeasuredStore::claim(const TenantId& id, const Lease& lease, TimePoint now) {
  return measured(observer_, "store", "claim", [&] { return driver_.claim(id, lease, now); });
}

bool MeasuredStore::save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) {
  return measured(observer_, "store", "save", [&] { return driver_.save(tenant, events, holder); });
}

std::vector<TenantId> MeasuredStore::due(TimePoint now, std::size_t limit) {
  return measured(observer_, "store", "due", [&] { return driver_.due(now, limit); });
}

std::optional<TimePoint> MeasuredStore::next_due() {
  return measured(observer_, "store", "next_due", [&] { return driver_.next_due(); });
}

std::optional<Port> MeasuredStore::lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                              TimePoint now) {
  return measured(observer_, "store", "lease_port",
                  [&] { return driver_.lease_port(tenant, refused, held_until, now); });
}

std::vector<PortLease> MeasuredStore::ports(TimePoint now) {
  return measured(observer_, "store", "ports", [&] { return driver_.ports(now); });
}

std::vector<Event> MeasuredStore::events(const TenantId& id, std::uint64_t after, std::size_t limit) {
  return measured(observer_, "store", "events", [&] { return driver_.events(id, after, limit); });
}

void MeasuredStore::append(const TenantId& id, const Event& event) {
  return measured(observer_, "store", "append", [&] { return driver_.append(id, event); });
}

Overview MeasuredStore::overview(TimePoint now, TimePoint ready_since) {
  return measured(observer_, "store", "overview", [&] { return driver_.overview(now, ready_since); });
}

void MeasuredStore::release(const TenantId& id, const std::string& owner) {
  return measured(observer_, "store", "release", [&] { return driver_.release(id, owner); });
}
void MeasuredStore::break_leases() {
  return measured(observer_, "store", "break_leases", [&] { return driver_.break_leases(); });
}

void MeasuredStore::add_key(const ApiKey& key) {
  return measured(observer_, "store", "add_key", [&] { return driver_.add_key(key); });
}

std::vector<ApiKey> MeasuredStore::keys() {
  return measured(observer_, "store", "keys", [&] { return driver_.keys(); });
}

std::optional<ApiKey> MeasuredStore::find_key(std::string_view hash) {
  return measured(observer_, "store", "find_key", [&] { return driver_.find_key(hash); });
}

bool MeasuredStore::revoke_key(const KeyId& id, TimePoint now) {
  return measured(observer_, "store", "revoke_key", [&] { return driver_.revoke_key(id, now); });
}

void MeasuredStore::record(const AuditEntry& entry) {
  return measured(observer_, "store", "record", [&] { return driver_.record(entry); });
}

std::vector<AuditEntry> MeasuredStore::audit(const AuditFilter& filter) {
  return measured(observer_, "store", "audit", [&] { return driver_.audit(filter); });
}

std::optional<Object> MeasuredStore::object(std::string_view kind, std::string_view id) {
  return measured(observer_, "store", "object", [&] { return driver_.object(kind, id); });
}

bool MeasuredStore::put(Object& object) {
  return measured(observer_, "store", "put", [&] { return driver_.put(object); });
}

bool MeasuredStore::erase(const Object& object) {
  return measured(observer_, "store", "erase", [&] { return driver_.erase(object); });
}

std::vector<Object> MeasuredStore::objects(std::string_view kind, std::string_view after, std::size_t limit) {
  return measured(observer_, "store", "objects", [&] { return driver_.objects(kind, after, limit); });
}

HostNetwork MeasuredRuntime::prepare() {
  return measured(observer_, "runtime", "prepare", [&] { return driver_.prepare(); });
}

Instance MeasuredRuntime::create(const InstanceSpec& spec, const Progress& progress) {
  return measured(observer_, "runtime", "create", [&] { return driver_.create(spec, progress); });
}

StartResult MeasuredRuntime::start(const TenantId& tenant, std::uint32_t boot) {
  return measured(observer_, "runtime", "start", [&] { return driver_.start(tenant, boot); });
}

void MeasuredRuntime::stop(const TenantId& tenant, Millis grace) {
  return measured(observer_, "runtime", "stop", [&] { return driver_.stop(tenant, grace); });
}

void MeasuredRuntime::remove(const TenantId& tenant, bool volumes) {
  return measured(observer_, "runtime", "remove", [&] { return driver_.remove(tenant, volumes); });
}

std::optional<Instance> MeasuredRuntime::inspect(const TenantId& tenant) {
  return measured(observer_, "runtime", "inspect", [&] { return driver_.inspect(tenant); });
}

std::vector<Instance> MeasuredRuntime::instances() {
  return measured(observer_, "runtime", "instances", [&] { return driver_.instances(); });
}

std::vector<Resource> MeasuredRuntime::resources() {
  return measured(observer_, "runtime", "resources", [&] { return driver_.resources(); });
}

void MeasuredRuntime::discard(const Resource& resource) {
  return measured(observer_, "runtime", "discard", [&] { return driver_.discard(resource); });
}

std::string MeasuredRuntime::check() {
  return measured(observer_, "runtime", "check", [&] { return driver_.check(); });
}

void MeasuredDatabase::ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) {
  return measured(observer_, "database", "ensure", [&] { return driver_.ensure(tenant, plan, missing); });
}

CallResult MeasuredDatabase::close(const TenantId& tenant) {
  return measured(observer_, "database", "close", [&] { return driver_.close(tenant); });
}

CallResult MeasuredDatabase::drop(const TenantId& tenant) {
  return measured(observer_, "database", "drop", [&] { return driver_.drop(tenant); });
}

void MeasuredDatabase::renew() {
  return measured(observer_, "database", "renew", [&] { return driver_.renew(); });
}

std::vector<Resource> MeasuredDatabase::resources() {
  return measured(observer_, "database", "resources", [&] { return driver_.resources(); });
}

void MeasuredDatabase::discard(const Resource& resource) {
  return measured(observer_, "database", "discard", [&] { return driver_.discard(resource); });
}

std::string MeasuredDatabase::check() {
  return measured(observer_, "database", "check", [&] { return driver_.check(); });
}

std::string MeasuredMailer::send(const Message& message, const std::string& key) {
  return measured(observer_, "mail", "send", [&] { return driver_.send(message, key); });
}

std::string MeasuredMailer::check() {
  return measured(observer_, "mail", "check", [&] { return driver_.check(); });
}

}  // namespace slipway
