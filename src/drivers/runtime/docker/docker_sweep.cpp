// What bears the installation's label, for the sweep: DockerRuntime's instances, resources and discard.
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/docker/container_spec.hpp"
#include "drivers/runtime/docker/container_state.hpp"
#include "drivers/runtime/docker/docker_runtime.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "drivers/runtime/docker/tenant_network.hpp"

namespace slipway::docker {
namespace {

namespace json = boost::json;

// Listed names of containers begin with a slash.
std::string name_of_entry(const json::object& entry) {
  const auto* names = array_at(entry, "Names");
  if (names == nullptr || names->empty() || !names->front().is_string()) return string_at(entry, "Id");
  const std::string_view name = names->front().get_string();
  return std::string(name.starts_with('/') ? name.substr(1) : name);
}

TenantId tenant_label_of(const json::object& entry) {
  const auto* labels = object_at(entry, "Labels");
  return labels == nullptr ? TenantId() : TenantId(string_at(*labels, tenant_label));
}

}  // namespace

std::string DockerRuntime::label_filter(const TenantId& tenant) const {
  json::array labels{fmt::format("{}={}", installation_label, installation_.value())};
  if (!tenant.value().empty()) labels.emplace_back(fmt::format("{}={}", tenant_label, tenant.value()));
  return encoded_json(json::object{{"label", std::move(labels)}});
}

json::array DockerRuntime::list_containers() {
  const auto response = send("GET", "/containers/json?all=1&filters=" + label_filter({}), options_.deadlines.call);
  if (response.status != 200) throw engine_error(response.status, response.body, "list containers");
  return as_array(response);
}

json::array DockerRuntime::list_volumes(const TenantId& tenant) {
  const auto response = send("GET", "/volumes?filters=" + label_filter(tenant), options_.deadlines.call);
  if (response.status != 200) throw engine_error(response.status, response.body, "list volumes");
  const auto object = as_object(response);
  const auto* volumes = array_at(object, "Volumes");
  return volumes == nullptr ? json::array() : *volumes;
}

std::vector<Instance> DockerRuntime::instances() {
  std::vector<Instance> all;
  for (const auto& entry : list_containers()) {
    if (entry.is_object() && is_ours(object_at(entry.get_object(), "Labels"))) {
      all.push_back(instance_of_list(entry.get_object()));
    }
  }
  return all;
}

std::vector<Resource> DockerRuntime::resources() {
  std::vector<Resource> all;
  const auto add = [&](std::string_view kind, const json::value& entry, const auto& name) {
    if (!entry.is_object() || !is_ours(object_at(entry.get_object(), "Labels"))) return;
    all.push_back({std::string(kind), name(entry.get_object()), tenant_label_of(entry.get_object())});
  };
  const auto plain_name = [](const json::object& entry) { return string_at(entry, "Name"); };
  for (const auto& entry : list_containers()) add("container", entry, name_of_entry);
  for (const auto& entry : list_volumes({})) add("volume", entry, plain_name);
  const auto response = send("GET", "/networks?filters=" + label_filter({}), options_.deadlines.call);
  if (response.status != 200) throw engine_error(response.status, response.body, "list networks");
  for (const auto& entry : as_array(response)) add("network", entry, plain_name);
  // The one that is in use is nobody's orphan.
  std::erase_if(
      all, [&](const Resource& r) { return r.kind == "network" && r.name == network_name(options_, installation_); });
  return all;
}

void DockerRuntime::discard(const Resource& resource) {
  const std::string name = net::url_encoded(resource.name);
  std::string path;
  if (resource.kind == "container") path = "/containers/" + name + "/json";
  if (resource.kind == "volume") path = "/volumes/" + name;
  if (resource.kind == "network") path = "/networks/" + name;
  if (path.empty() || name.empty()) {
    throw Error(ErrorKind::invalid, fmt::format("docker: cannot discard the {} '{}'", resource.kind, resource.name));
  }
  const auto found = send("GET", path, options_.deadlines.call);
  if (found.status == 404) return;
  if (found.status != 200)
    throw engine_error(found.status, found.body, "look at " + resource.kind + " " + resource.name);
  const json::object object = as_object(found);
  const auto* holder = resource.kind == "container" ? object_at(object, "Config") : &object;
  if (holder == nullptr || !is_ours(object_at(*holder, "Labels"))) {
    throw Error(ErrorKind::forbidden,
                fmt::format("docker: the {} {} lacks the label {}={}; it is not Slipway's to discard", resource.kind,
                            resource.name, installation_label, installation_.value()));
  }
  // By id, where there is one: the name may be another's by now.
  if (resource.kind == "container") return remove_container(string_at(object, "Id"));
  const std::string id = string_at(object, "Id");
  delete_if_there(resource.kind == "network" ? "/networks/" + (id.empty() ? name : id) : path,
                  resource.kind + " " + resource.name);
}

void DockerRuntime::remove_volumes(const TenantId& tenant) {
  for (const auto& entry : list_volumes(tenant)) {
    if (!entry.is_object() || !is_ours(object_at(entry.get_object(), "Labels"))) continue;
    if (tenant_label_of(entry.get_object()) != tenant) continue;
    const std::string name = string_at(entry.get_object(), "Name");
    delete_if_there("/volumes/" + net::url_encoded(name), "volume " + name);
  }
}

void DockerRuntime::delete_if_there(const std::string& path, const std::string& what) {
  const auto response = send("DELETE", path, options_.deadlines.remove);
  if (response.status == 204 || response.status == 200 || response.status == 404) return;
  throw engine_error(response.status, response.body, "remove " + what);
}

}  // namespace slipway::docker
