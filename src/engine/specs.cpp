#include "engine/specs.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "engine/env.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

constexpr std::string_view kind = "release";
constexpr std::size_t known_limit = 100;
constexpr std::size_t fingerprint_digits = 24;

// Nobody who may only see the fingerprint can guess a short secret of the environment: the password is in it too.
std::string fingerprint_of(const InstanceSpec& spec, const std::string& release, const DatabaseAccess& access,
                           bool with_limits) {
  json::array env;
  for (const EnvVar& variable : spec.env) env.push_back(json::array{variable.name, variable.value.reveal()});
  json::object all{{"release", release},
                   {"key", access.password.reveal()},
                   {"env", std::move(env)},
                   {"command", json::array(spec.command.begin(), spec.command.end())},
                   {"port", spec.host_port.value()}};
  if (with_limits) {
    const Plan& plan = spec.plan;
    all["limits"] =
        json::array{plan.memory_bytes, plan.cpus, plan.pids, plan.db_connections, plan.db_statement_timeout.count()};
  }
  return to_hex(sha256(json::serialize(all))).substr(0, fingerprint_digits);
}

}  // namespace

Plan plan_of(const Settings& settings, const Tenant& tenant) {
  const auto named = settings.plans.find(tenant.sign_up.plan.value());
  if (named != settings.plans.end()) return named->second;
  return tenant.given ? *tenant.given : settings.plans.at("default");
}

AppSpec Specs::app(const Tenant& tenant) {
  if (!tenant.release.empty()) return find(tenant.release)->app;
  AppSpec app = settings_.app;
  // Of a customer from before there were releases, only the image's name is known.
  if (tenant.first_ready_at) app.image = tenant.image;
  return app;
}

std::shared_ptr<const Release> Specs::todays(const Tenant& tenant,
                                             const std::function<std::string(const std::string&)>& pin) {
  AppSpec app = settings_.app;
  if (tenant.first_ready_at && !tenant.upgrade) app.image = tenant.image;
  auto release = std::make_shared<const Release>(release_of(app, pin(app.image)));
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(release->id); known != known_.end()) return known->second;
  }
  Object object{std::string(kind), release->id, to_document(*release)};
  store_.put(object);  // false where it is there already, and so the same
  remember(release);
  return release;
}

void Specs::remember(const std::shared_ptr<const Release>& release) {
  const std::lock_guard lock(mutex_);
  if (known_.size() >= known_limit) known_.clear();
  known_.emplace(release->id, release);
}

std::shared_ptr<const Release> Specs::find(const std::string& id) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
  }
  const auto object = store_.object(kind, id);
  if (!object) {
    throw Error(ErrorKind::internal, fmt::format("ledger: there is no release {}; was a part of it lost?", id));
  }
  auto release = std::make_shared<const Release>(release_from_document(object->document));
  remember(release);
  return release;
}

InstanceSpec Specs::spec(const Tenant& row, const Release& release) const {
  Tenant tenant = row;
  if (!settings_.policy.stable_ports) tenant.forget_address();  // the next start will be somewhere else
  const DatabaseAccess access = database_.access(tenant.id);
  if (access.host.empty()) {
    throw Error(ErrorKind::unavailable, "the network on which instances find their database is not there yet");
  }
  InstanceSpec spec;
  spec.tenant = tenant.id;
  spec.slug = tenant.sign_up.slug;
  spec.image = release.pinned;
  spec.image_name = release.app.image;
  for (const std::string& word : release.app.command) spec.command.push_back(with_variables(word, settings_.variables));
  spec.env = instance_env(release.app, settings_, tenant, access_url(settings_.access, tenant), access);
  spec.app_port = release.app.port;
  spec.host_port = settings_.policy.stable_ports ? tenant.port.value() : Port(0);
  spec.volumes = release.app.volumes;
  spec.read_only = release.app.read_only;
  spec.capabilities = release.app.capabilities;
  spec.plan = plan_of(settings_, tenant);
  spec.fingerprint = fingerprint_of(spec, release.id, access, !live_limits_);
  return spec;
}

Specs::LimitsChange Specs::limits_change(const Tenant& tenant) const {
  if (!live_limits_ || !tenant.given) return LimitsChange::none;
  const Plan& had = *tenant.given;
  const Plan wanted = plan_of(settings_, tenant);
  if (had == wanted) return LimitsChange::none;
  const bool less =
      wanted.memory_bytes < had.memory_bytes || wanted.pids < had.pids || wanted.db_connections < had.db_connections;
  return less ? LimitsChange::at_start : LimitsChange::now;
}

bool Specs::has_moved(const Tenant& tenant) const {
  return settings_.policy.stable_ports && !tenant.url.empty() && tenant.url != access_url(settings_.access, tenant);
}

std::optional<bool> Specs::is_outdated(const Tenant& tenant, const std::string& made) {
  if (tenant.upgrade) return true;
  if (tenant.fingerprint.empty() || tenant.release.empty()) return false;
  if (!made.empty() && made != tenant.fingerprint) return true;
  if (!tenant.first_ready_at) return false;
  if (settings_.policy.stable_ports && !tenant.port) return false;
  try {
    return spec(tenant, *find(tenant.release)).fingerprint != tenant.fingerprint;
  } catch (const Error&) {
    return std::nullopt;  // whoever makes the next one will say what is wrong
  }
}

}  // namespace slipway
