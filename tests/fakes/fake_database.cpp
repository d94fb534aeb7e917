#include "tests/fakes/fake_database.hpp"

#include <thread>

#include "base/crypto.hpp"
#include "base/error.hpp"

namespace slipway::test {

std::string_view to_string(FakeDatabase::Call call) {
  switch (call) {
    case FakeDatabase::Call::ensure:
      return "ensure";
    case FakeDatabase::Call::close:
      return "close";
    case FakeDatabase::Call::drop:
      return "drop";
    case FakeDatabase::Call::renew:
      return "renew";
    case FakeDatabase::Call::resources:
      return "resources";
    case FakeDatabase::Call::discard:
      return "discard";
    case FakeDatabase::Call::check:
      return "check";
  }
  return "?";
}

FakeDatabase::FakeDatabase(InstallationId installation, std::shared_ptr<FakeServer> server,
                           std::uint32_t key_generation)
    : installation_(std::move(installation)), server_(std::move(server)), key_generation_(key_generation) {}

DatabaseAccess FakeDatabase::access(const TenantId& tenant) const {
  const std::string name = resource_name(installation_, tenant);
  const std::string seed = fmt::format("fake/{}/{}", tenant.value(), key_generation_);
  return {"db.test", 5432, name, name, Secret(to_hex(sha256(seed)))};
}

void FakeDatabase::ensure(const TenantId& tenant, const Plan& plan, IfMissing missing) {
  begin(Call::ensure, tenant);
  bool torn = false;
  {
    std::lock_guard lock(mutex_);
    torn = take(tear_);
  }
  {
    std::lock_guard lock(server_->mutex);
    const std::string name = resource_name(installation_, tenant);
    if (missing == IfMissing::refuse && !server_->databases.contains(name)) {
      throw Error(ErrorKind::not_found, "fake database: ensure: " + name + " has vanished");
    }
    auto sessions = std::move(server_->roles[name].sessions);
    server_->roles[name] = {plan.db_connections, plan.db_statement_timeout, key_generation_};
    server_->roles[name].sessions = std::move(sessions);
    if (!torn) server_->databases[name] = name;
  }
  if (torn) throw Error(ErrorKind::unavailable, "fake database: ensure: lost the connection half-way");
  end(Call::ensure);
}

CallResult FakeDatabase::close(const TenantId& tenant) {
  begin(Call::close, tenant);
  {
    std::lock_guard lock(mutex_);
    if (take(slow_closes_)) return CallResult::under_way;
  }
  {
    std::lock_guard lock(server_->mutex);
    const auto role = server_->roles.find(resource_name(installation_, tenant));
    if (role != server_->roles.end()) {
      role->second.open = false;
      role->second.sessions.clear();
    }
  }
  end(Call::close);
  return CallResult::done;
}

CallResult FakeDatabase::drop(const TenantId& tenant) {
  begin(Call::drop, tenant);
  {
    std::lock_guard lock(mutex_);
    if (take(slow_drops_)) return CallResult::under_way;
  }
  {
    std::lock_guard lock(server_->mutex);
    const std::string name = resource_name(installation_, tenant);
    server_->databases.erase(name);
    server_->roles.erase(name);
  }
  end(Call::drop);
  return CallResult::done;
}

void FakeDatabase::renew() {
  begin(Call::renew, {});
  {
    std::lock_guard lock(server_->mutex);
    for (auto& [name, role] : server_->roles) {
      if (!tenant_of_resource(installation_, name).value().empty()) role.current = true;
    }
  }
  end(Call::renew);
}

std::vector<Resource> FakeDatabase::resources() {
  begin(Call::resources, {});
  std::vector<Resource> found;
  {
    std::lock_guard lock(server_->mutex);
    const auto add = [&](std::string_view kind, const std::string& name) {
      const TenantId tenant = tenant_of_resource(installation_, name);
      if (!tenant.value().empty()) found.push_back({std::string(kind), name, tenant});
    };
    for (const auto& [name, owner] : server_->databases) add("database", name);
    for (const auto& [name, role] : server_->roles) add("role", name);
  }
  end(Call::resources);
  return found;
}

void FakeDatabase::discard(const Resource& resource) {
  const TenantId tenant = tenant_of_resource(installation_, resource.name);
  if (tenant.value().empty() || (resource.kind != "database" && resource.kind != "role")) {
    throw Error(ErrorKind::invalid, "fake database: " + resource.name + " is not this installation's");
  }
  begin(Call::discard, tenant);
  {
    std::lock_guard lock(server_->mutex);
    server_->databases.erase(resource.name);
    if (resource.kind == "role") server_->roles.erase(resource.name);
  }
  end(Call::discard);
}

std::string FakeDatabase::check() {
  begin(Call::check, {});
  end(Call::check);
  return "FakeDatabase 1";
}

void FakeDatabase::fail_next(Call call, unsigned count, ErrorKind kind) {
  std::lock_guard lock(mutex_);
  faults_[call].fail = count;
  faults_[call].kind = kind;
}

void FakeDatabase::tear_next_ensure(unsigned count) {
  std::lock_guard lock(mutex_);
  tear_ = count;
}

void FakeDatabase::lose_next_reply(Call call, unsigned count) {
  std::lock_guard lock(mutex_);
  faults_[call].lose_reply = count;
}

void FakeDatabase::drop_later(unsigned count) {
  std::lock_guard lock(mutex_);
  slow_drops_ = count;
}

void FakeDatabase::close_later(unsigned count) {
  std::lock_guard lock(mutex_);
  slow_closes_ = count;
}

void FakeDatabase::slow(Millis delay) {
  std::lock_guard lock(mutex_);
  delay_ = delay;
}

void FakeDatabase::before_each(std::function<void(Call, const TenantId&)> hook) {
  std::lock_guard lock(mutex_);
  hook_ = std::move(hook);
}

bool FakeDatabase::exists(const TenantId& tenant) const {
  std::lock_guard lock(server_->mutex);
  const std::string name = resource_name(installation_, tenant);
  return server_->roles.contains(name) && server_->databases.contains(name);
}

bool FakeDatabase::leaves_nothing(const TenantId& tenant) const {
  std::lock_guard lock(server_->mutex);
  const std::string name = resource_name(installation_, tenant);
  return !server_->roles.contains(name) && !server_->databases.contains(name);
}

bool FakeDatabase::lets_in(const FakeServer::Entry& role) const {
  return role.open && !role.own_password && role.key_generation == key_generation_;
}

bool FakeDatabase::is_open(const TenantId& tenant) const {
  std::lock_guard lock(server_->mutex);
  const std::string name = resource_name(installation_, tenant);
  const auto role = server_->roles.find(name);
  return role != server_->roles.end() && server_->databases.contains(name) && lets_in(role->second);
}

std::optional<int> FakeDatabase::log_in(const TenantId& tenant) {
  std::lock_guard lock(server_->mutex);
  const std::string name = resource_name(installation_, tenant);
  const auto role = server_->roles.find(name);
  if (role == server_->roles.end() || !server_->databases.contains(name) || !lets_in(role->second)) return {};
  if (role->second.sessions.size() >= role->second.connections) return {};
  role->second.sessions.insert(++server_->last_session);
  return server_->last_session;
}

bool FakeDatabase::is_alive(const TenantId& tenant, int session) const {
  std::lock_guard lock(server_->mutex);
  const auto role = server_->roles.find(resource_name(installation_, tenant));
  return role != server_->roles.end() && role->second.sessions.contains(session);
}

void FakeDatabase::change_own_password(const TenantId& tenant) {
  std::lock_guard lock(server_->mutex);
  server_->roles.at(resource_name(installation_, tenant)).own_password = true;
}

void FakeDatabase::lose(const TenantId& tenant) {
  std::lock_guard lock(server_->mutex);
  server_->databases.erase(resource_name(installation_, tenant));
}

std::size_t FakeDatabase::size() const {
  std::lock_guard lock(server_->mutex);
  return server_->roles.size() + server_->databases.size();
}

void FakeDatabase::begin(Call call, const TenantId& tenant) {
  Millis delay{0};
  std::function<void(Call, const TenantId&)> hook;
  {
    std::lock_guard lock(mutex_);
    delay = delay_;
    hook = hook_;
  }
  if (hook) hook(call, tenant);
  if (delay > Millis(0)) std::this_thread::sleep_for(delay);
  std::lock_guard lock(mutex_);
  if (take(faults_[call].fail)) {
    throw Error(faults_[call].kind, fmt::format("fake database: {}: told to fail", to_string(call)));
  }
}

void FakeDatabase::end(Call call) {
  std::lock_guard lock(mutex_);
  if (take(faults_[call].lose_reply)) {
    throw Error(ErrorKind::unavailable, fmt::format("fake database: {}: lost the answer", to_string(call)));
  }
}

bool FakeDatabase::take(unsigned& counter) {
  if (counter == 0) return false;
  --counter;
  return true;
}

}  // namespace slipway::test
