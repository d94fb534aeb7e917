#include "drivers/runtime/ecs/ecs_runtime.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/ecs/task_definition.hpp"
#include "drivers/runtime/ecs/task_state.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

std::string revision_of(std::string_view arn) { return std::string(arn.substr(arn.rfind('/') + 1)); }

std::string arn_of(const json::object& definition) {
  const auto* inner = object_at(definition, "taskDefinition");
  return inner == nullptr ? "" : string_at(*inner, "taskDefinitionArn");
}

std::optional<Port> wanted_port(const json::object& definition) {
  const auto* inner = object_at(definition, "taskDefinition");
  const auto* app = inner == nullptr ? nullptr : container_named(*inner, "containerDefinitions", app_container);
  const auto* mappings = app == nullptr ? nullptr : array_at(*app, "portMappings");
  if (mappings == nullptr || mappings->empty()) return std::nullopt;
  const auto port = int_at(mappings->front().as_object(), "hostPort");
  if (port == 0) return std::nullopt;
  return Port(static_cast<std::uint16_t>(port));
}

}  // namespace

EcsRuntime::EcsRuntime(EcsClients clients, EcsOptions options, InstallationId installation, const Clock& clock, Log log)
    : clients_(clients),
      options_(std::move(options)),
      installation_(std::move(installation)),
      clock_(clock),
      log_(std::move(log)),
      tasks_(clients_.ecs, options_.place),
      definitions_(tasks_, clock_),
      parameters_(clients_.ssm),
      addresses_(clients_.ecs, clients_.ec2, options_.place, clock_) {}

// Tasks in bridge mode reach their machine, where Postgres listens, at Docker's gateway.
HostNetwork EcsRuntime::prepare() { return {options_.place.database_host, "172.17.0.0/16"}; }

std::vector<std::string> EcsRuntime::put_environment(const InstanceSpec& spec, bool had_one) {
  const std::string path = options_.place.env_path(spec.tenant);
  std::set<std::string> stale;
  if (had_one) {
    for (std::string& name : parameters_.below(path)) stale.insert(std::move(name));
  }
  for (const EnvVar& variable : spec.env) {
    if (variable.value.reveal().empty()) continue;
    const std::string name = path + "/" + variable.name;
    parameters_.put(name, variable.value);
    stale.erase(name);
  }
  return {stale.begin(), stale.end()};
}

Instance EcsRuntime::create(const InstanceSpec& spec, const Progress&) {
  if (!spec.volumes.empty()) {
    throw Error(ErrorKind::invalid,
                "ecs: app.volumes is not supported on AWS: a task may run on any machine of the cluster, and its files "
                "end with it; keep data in the database, or in S3");
  }
  Instance instance;
  instance.tenant = spec.tenant;
  const json::object wanted = task_definition(spec, options_, installation_);
  const auto there = definitions_.of(family(spec.tenant));
  // A definition is what is taken for an instance, so all that it needs is there before it is.
  const auto stale = put_environment(spec, there != nullptr);
  std::string arn;
  bool first = false;
  if (there && tag_of(*there, spec_tag) == tag_of(wanted, spec_tag)) {
    arn = arn_of(*there);
  } else {
    const auto made = definitions_.make(family(spec.tenant), wanted);
    arn = made.arn;
    first = made.first;
  }
  parameters_.remove(stale);
  if (!first) {
    make_room_for(spec.tenant, arn);
    for (const json::object& task : tasks_.list(family(spec.tenant), false)) {
      if (string_at(task, "taskDefinitionArn") == arn) return view(spec.tenant, task);
    }
  }
  instance.id = revision_of(arn);
  if (spec.host_port.value() != 0) instance.host_port = spec.host_port;
  return instance;
}

// What an earlier definition left running is on another port, or of another image.
void EcsRuntime::make_room_for(const TenantId& tenant, const std::string& definition) {
  auto others = tasks_.active_definitions(family(tenant));
  std::erase(others, definition);
  if (others.empty()) return;
  stop_tasks(family(tenant), definition, "replaced by another definition");
  tasks_.forget_definitions(others);
}

std::vector<json::object> EcsRuntime::current_tasks(const TenantId& tenant) {
  if (definitions_.is_without_tasks(family(tenant))) return {};
  if (const std::string arn = definitions_.started_task(family(tenant)); !arn.empty()) {
    auto started = tasks_.describe({arn});
    if (!started.empty() && string_at(started.front(), "desiredStatus") == "RUNNING") return started;
  }
  return tasks_.list(family(tenant), false);
}

StartResult EcsRuntime::start(const TenantId& tenant, std::uint32_t boot) {
  const auto definition = definitions_.of(family(tenant));
  if (!definition) {
    throw Error(ErrorKind::not_found, fmt::format("ecs: there is no task definition {} to start", family(tenant)));
  }
  if (!current_tasks(tenant).empty()) return StartResult::started;
  definitions_.used(family(tenant));
  Run run;
  run.task_definition = arn_of(*definition);
  run.started_by = tenant.value();
  // The definition is part of it: under one token ECS refuses other parameters.
  run.token_of = fmt::format("start/{}/{}/{}/{}", installation_.value(), tenant.value(), boot, run.task_definition);
  run.tags = {
      {installation_tag, installation_.value()}, {tenant_tag, tenant.value()}, {boot_tag, std::to_string(boot)}};
  try {
    definitions_.started(family(tenant), string_at(tasks_.run(run), "taskArn"));
  } catch (const Error& error) {
    definitions_.forget(family(tenant));
    if (error.kind() == ErrorKind::invalid) {
      // What was remembered may have been taken out of use meanwhile; then the next look begins with what there is.
      const auto newest = definitions_.of(family(tenant));
      if (!newest || arn_of(*newest) != run.task_definition) throw Error(ErrorKind::unavailable, error.message());
    }
    const bool port = error.message().find("RESOURCE:PORT") != std::string::npos;
    if (port && wanted_port(*definition)) return StartResult::port_taken;
    throw;
  }
  return StartResult::started;
}

void EcsRuntime::stop_tasks(const std::string& name, const std::string& except_definition, const std::string& why) {
  for (const json::object& task : tasks_.list(name, false)) {
    if (string_at(task, "taskDefinitionArn") == except_definition) continue;
    tasks_.stop(string_at(task, "taskArn"), "Slipway: " + why);
  }
}

void EcsRuntime::stop(const TenantId& tenant, Millis) { stop_tasks(family(tenant), "", "stopped as asked"); }

void EcsRuntime::remove(const TenantId& tenant, bool) {
  stop_tasks(family(tenant), "", "removed as asked");
  definitions_.forget(family(tenant));
  tasks_.forget_definitions(tasks_.active_definitions(family(tenant)));
  parameters_.remove(parameters_.below(options_.place.env_path(tenant)));
}

Instance EcsRuntime::view(const TenantId& tenant, const json::object& task) {
  Instance instance = instance_of_task(tenant, task);
  if (instance.state == InstanceState::running) {
    instance.address = addresses_.of(string_at(task, "containerInstanceArn"));
  }
  return instance;
}

std::optional<Instance> EcsRuntime::inspect(const TenantId& tenant) {
  const auto wanted = current_tasks(tenant);
  if (!wanted.empty()) return view(tenant, wanted.back());
  const auto definition = definitions_.of(family(tenant));
  if (!definition) return std::nullopt;
  // Tasks that an earlier definition left behind are listed for another hour.
  const std::string arn = arn_of(*definition);
  const auto ended =
      definitions_.is_unused(family(tenant)) ? std::vector<json::object>() : tasks_.list(family(tenant), true);
  for (auto task = ended.rbegin(); task != ended.rend(); ++task) {
    if (string_at(*task, "taskDefinitionArn") != arn) continue;
    Instance instance = view(tenant, *task);
    instance.host_port = wanted_port(*definition);
    return instance;
  }
  Instance instance;
  instance.tenant = tenant;
  instance.id = revision_of(arn);
  instance.host_port = wanted_port(*definition);
  return instance;
}

std::vector<Instance> EcsRuntime::instances() {
  std::map<TenantId, Instance> all;
  for (const std::string& name : tasks_.families(resource_prefix(installation_))) {
    const TenantId tenant = tenant_of_resource(installation_, name);
    if (tenant.value().empty()) continue;
    Instance& instance = all[tenant];
    instance.tenant = tenant;
    instance.id = name;
  }
  for (const json::object& task : tasks_.list("", false)) {
    const std::string name = family_of(string_at(task, "taskDefinitionArn"));
    const TenantId tenant = tenant_of_resource(installation_, name);
    if (!tenant.value().empty() && all.contains(tenant)) all[tenant] = instance_of_task(tenant, task);
  }
  std::vector<Instance> list;
  for (auto& [tenant, instance] : all) list.push_back(std::move(instance));
  return list;
}

std::vector<Resource> EcsRuntime::resources() {
  std::vector<Resource> all;
  for (const json::object& task : tasks_.list("", false)) {
    const auto tenant = tenant_of_family(installation_, family_of(string_at(task, "taskDefinitionArn")));
    if (tenant) all.push_back({"task", string_at(task, "taskArn"), *tenant});
  }
  for (const std::string& name : tasks_.families(resource_prefix(installation_))) {
    if (const auto tenant = tenant_of_family(installation_, name)) all.push_back({"task_definition", name, *tenant});
  }
  std::set<std::string> seen;
  const std::string prefix = options_.place.tenants_path() + "/";
  for (const std::string& name : parameters_.below(options_.place.tenants_path())) {
    const std::string tenant = name.substr(prefix.size(), name.find('/', prefix.size()) - prefix.size());
    if (seen.insert(tenant).second) all.push_back({"parameters", prefix + tenant, TenantId(tenant)});
  }
  return all;
}

void EcsRuntime::discard(const Resource& resource) {
  const auto refuse = [&] {
    throw Error(ErrorKind::forbidden, fmt::format("ecs: {} {} is not of installation {}, so it is not touched",
                                                  resource.kind, resource.name, installation_.value()));
  };
  if (resource.kind == "task") {
    for (const json::object& task : tasks_.list("", false)) {
      if (string_at(task, "taskArn") != resource.name) continue;
      if (!tenant_of_family(installation_, family_of(string_at(task, "taskDefinitionArn")))) refuse();
      tasks_.stop(resource.name, "Slipway: it belongs to no tenant");
    }
  } else if (resource.kind == "task_definition") {
    if (!tenant_of_family(installation_, resource.name)) refuse();
    definitions_.forget(resource.name);
    tasks_.forget_definitions(tasks_.active_definitions(resource.name));
  } else if (resource.kind == "parameters") {
    if (!resource.name.starts_with(options_.place.tenants_path() + "/")) refuse();
    parameters_.remove(parameters_.below(resource.name));
  } else {
    refuse();
  }
}

std::string EcsRuntime::check() {
  const json::object answer =
      clients_.ecs.call("DescribeClusters", json::object{{"clusters", json::array{options_.place.cluster}}});
  const auto* clusters = array_at(answer, "clusters");
  const json::object none;
  const json::object& cluster = clusters != nullptr && !clusters->empty() ? clusters->front().as_object() : none;
  if (string_at(cluster, "status") != "ACTIVE") {
    throw Error(ErrorKind::unavailable, fmt::format("ecs: there is no active cluster {} in {}; 'slipway aws deploy' "
                                                    "makes it",
                                                    options_.place.cluster, options_.place.region));
  }
  const auto machines = int_at(cluster, "registeredContainerInstancesCount");
  if (machines == 0 && options_.place.capacity_provider.empty()) {
    throw Error(ErrorKind::unavailable,
                fmt::format("ecs: no machine has joined cluster {}: look at the EC2 instance (is it running, and does "
                            "'systemctl status ecs' say that the agent is?)",
                            options_.place.cluster));
  }
  return fmt::format("ECS cluster {} with {} machine{}", string_at(cluster, "clusterName"), machines,
                     machines == 1 ? "" : "s");
}

}  // namespace slipway::ecs
