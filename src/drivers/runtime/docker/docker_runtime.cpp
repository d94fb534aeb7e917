#include "drivers/runtime/docker/docker_runtime.hpp"

#include <fmt/format.h>

#include <thread>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/docker/container_spec.hpp"
#include "drivers/runtime/docker/container_state.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "drivers/runtime/docker/image_puller.hpp"
#include "drivers/runtime/docker/program_check.hpp"
#include "drivers/runtime/docker/tenant_network.hpp"

namespace slipway::docker {
namespace {

namespace json = boost::json;

// Between two looks at a name that another call has taken but whose container is not to be seen yet.
constexpr Millis name_poll{20};
constexpr std::size_t known_programs_limit = 1000;

unsigned slots(unsigned wanted) { return wanted != 0 ? wanted : std::max(1u, std::thread::hardware_concurrency()); }

bool is_id(std::string_view image) { return image.starts_with("sha256:"); }

Error lost_image(const InstanceSpec& spec) {
  return Error(
      ErrorKind::unavailable,
      fmt::format("docker: the image that this customer runs, {} ({}), is no longer on this machine, and it came "
                  "from no registry; load it again, or move the customer to today's: slipway upgrade {}",
                  spec.image_name, spec.image, spec.slug.value()));
}

std::string image_of(const json::object& container) {
  const auto* config = object_at(container, "Config");
  return config == nullptr ? "" : string_at(*config, "Image");
}

}  // namespace

DockerRuntime::DockerRuntime(DockerOptions options, InstallationId installation, Log log)
    : options_(std::move(options)),
      installation_(std::move(installation)),
      log_(std::move(log)),
      engine_(options_.endpoint),
      start_slots_(slots(options_.parallel_starts)) {
  if (!options_.subnet.empty()) (void)first_host(options_.subnet);
}

DockerRuntime::~DockerRuntime() = default;

HostNetwork DockerRuntime::prepare() { return ensure_network(engine_, options_, installation_); }

net::Response DockerRuntime::send(const char* method, const std::string& path, Millis timeout, std::string body) {
  Call call;
  call.method = method;
  call.path = path;
  call.body = std::move(body);
  call.timeout = timeout;
  return engine_.call(call);
}

bool DockerRuntime::is_ours(const json::object* labels) const {
  return labels != nullptr && string_at(*labels, installation_label) == installation_.value();
}

std::optional<json::object> DockerRuntime::look(const std::string& name) {
  const auto response = send("GET", "/containers/" + net::url_encoded(name) + "/json", options_.deadlines.call);
  if (response.status == 404) return std::nullopt;
  if (response.status != 200) throw engine_error(response.status, response.body, "look at container " + name);
  return as_object(response);
}

std::optional<json::object> DockerRuntime::describe(const TenantId& tenant) {
  auto container = look(name_of(tenant));
  if (!container) return std::nullopt;
  const auto* config = object_at(*container, "Config");
  if (config == nullptr || !is_ours(object_at(*config, "Labels"))) return std::nullopt;
  return container;
}

void DockerRuntime::create_volumes(const InstanceSpec& spec) {
  for (const VolumeSpec& volume : spec.volumes) {
    const std::string name = volume_name(installation_, spec.tenant, volume.name);
    const json::object body{{"Name", name}, {"Labels", labels_of(installation_, spec.tenant)}};
    const auto response = send("POST", "/volumes/create", options_.deadlines.call, json::serialize(body));
    if (response.status != 201) throw engine_error(response.status, response.body, "make volume " + name);
    // A volume that is there already is answered as it is.
    if (!is_ours(object_at(as_object(response), "Labels"))) {
      throw Error(
          ErrorKind::conflict,
          fmt::format("docker: a volume named {} is there already and is not Slipway's (it lacks the label {}={}); "
                      "rename it or remove it: docker volume rm {}",
                      name, installation_label, installation_.value(), name));
    }
  }
}

Instance DockerRuntime::create(const InstanceSpec& wanted, const Progress& progress) {
  InstanceSpec spec = wanted;
  adopt_volumes_of_image(spec);
  const std::string name = name_of(spec.tenant);
  json::object container = container_spec(spec, installation_, network_name(options_, installation_), options_);
  // `docker ps` shows the name as long as it stands for the same image.
  const bool named = !spec.image_name.empty() && spec.image_name != spec.image;
  if (named && pinned(spec.image_name) == spec.image) container["Image"] = spec.image_name;
  const std::string body = json::serialize(container);
  create_volumes(spec);
  bool pulled = false;
  net::Response response;
  auto deadline = std::chrono::steady_clock::now() + options_.deadlines.create;
  do {
    response = send("POST", "/containers/create?name=" + name, options_.deadlines.create, body);
    if (response.status == 201) {
      Instance instance;
      instance.tenant = spec.tenant;
      instance.id = string_at(as_object(response), "Id");
      if (spec.host_port.value() != 0) instance.host_port = spec.host_port;
      return instance;
    }
    if (response.status == 404 && !pulled && says_no_such_image(message_of(response.body))) {
      if (is_id(spec.image)) throw lost_image(spec);
      pull_image(engine_, options_, spec.image, progress);
      pulled = true;
      deadline = std::chrono::steady_clock::now() + options_.deadlines.create;
    } else if (response.status == 409) {
      if (auto there = adopt_or_clear(spec)) return *there;
    } else {
      break;
    }
  } while (std::chrono::steady_clock::now() < deadline);
  Error error = engine_error(response.status, response.body, "make container " + name);
  if (response.status == 409) throw Error(ErrorKind::unavailable, error.message());  // the name will come free
  throw error;
}

// What bears the container's name already: the same instance, from an earlier try whose answer was lost, is it; another
// one of ours makes room. The engine takes the name before the container can be seen: then there is a moment to wait.
std::optional<Instance> DockerRuntime::adopt_or_clear(const InstanceSpec& spec) {
  const std::string name = name_of(spec.tenant);
  const auto container = look(name);
  if (!container) {
    std::this_thread::sleep_for(name_poll);
    return std::nullopt;
  }
  const auto* config = object_at(*container, "Config");
  if (config == nullptr || !is_ours(object_at(*config, "Labels"))) {
    throw Error(
        ErrorKind::conflict,
        fmt::format("docker: a container named {} is there already and is not Slipway's (it lacks the label {}={}); "
                    "rename it or remove it: docker rm {}",
                    name, installation_label, installation_.value(), name));
  }
  const std::string status = status_of(*container);
  const Instance instance = instance_of_inspect(*container);
  const bool same_port = spec.host_port.value() == 0 || instance.host_port == spec.host_port;
  const bool usable = status != "removing" && status != "dead";
  const std::string fingerprint = string_at(*object_at(*config, "Labels"), fingerprint_label);
  const bool same = fingerprint.empty() ? image_of(*container) == spec.image : fingerprint == spec.fingerprint;
  if (usable && same_port && same) return instance;
  remove_container(instance.id);
  return std::nullopt;
}

// The same program in the same image was found before, or is looked for now.
void DockerRuntime::check_program(const json::object& container) {
  const std::string key = string_at(container, "Image") + " " + string_at(container, "Path");
  {
    std::lock_guard lock(programs_mutex_);
    if (programs_.contains(key)) return;
  }
  require_program(engine_, container, options_.deadlines.call);
  std::lock_guard lock(programs_mutex_);
  if (programs_.size() >= known_programs_limit) programs_.clear();
  programs_.insert(key);
}

StartResult DockerRuntime::start(const TenantId& tenant, std::uint32_t) {
  const auto container = describe(tenant);
  if (!container) {
    throw Error(ErrorKind::not_found, fmt::format("docker: there is no container {} to start", name_of(tenant)));
  }
  const std::string status = status_of(*container);
  if (status == "running") return StartResult::started;
  if (status == "created") check_program(*container);

  const auto slot = start_slots_.take(options_.deadlines.start);
  if (!slot) {
    throw Error(ErrorKind::unavailable, fmt::format("docker: start: other starts kept the engine busy for {}",
                                                    human(options_.deadlines.start)));
  }
  const std::string path = "/containers/" + string_at(*container, "Id") + (status == "paused" ? "/unpause" : "/start");
  auto response = send("POST", path, options_.deadlines.start);
  if (response.status == 404 && says_no_such_network(message_of(response.body))) {
    prepare();  // somebody removed the network under the stopped container
    response = send("POST", path, options_.deadlines.start);
  }
  if (response.status == 204 || response.status == 304) return StartResult::started;
  const std::string message = message_of(response.body);
  if (says_port_taken(message)) return StartResult::port_taken;
  Error error = engine_error(response.status, response.body, "start container " + name_of(tenant));
  if (says_stale_endpoint(message)) {
    clear_endpoint(*container, tenant);
    throw Error(ErrorKind::unavailable, error.message() + "; it is made anew");
  }
  // The engine answers 400 and 404 also for troubles of the host that pass.
  const bool passes = says_oci_trouble(message) && !says_bad_command(message, string_at(*container, "Path"));
  if (passes || says_being_removed(message)) throw Error(ErrorKind::unavailable, error.message());
  throw error;
}

// The engine gives the place in the network away by force, but only that of a container which is not there.
void DockerRuntime::clear_endpoint(const json::object& container, const TenantId& tenant) {
  remove_container(string_at(container, "Id"));
  const std::string network = network_name(options_, installation_);
  const json::object body{{"Container", name_of(tenant)}, {"Force", true}};
  const auto response =
      send("POST", "/networks/" + network + "/disconnect", options_.deadlines.call, json::serialize(body));
  if (response.status != 200) {  // the next start says whether it matters
    log_.warn("a place in the network could not be cleared",
              {{"container", name_of(tenant)}, {"network", network}, {"why", message_of(response.body)}});
  }
}

// The engine's own way to stop a container holds the call for as long as the app takes. The app is told by a signal
// instead, and killed by whoever looks after its time is over.
void DockerRuntime::stop(const TenantId& tenant, Millis grace) {
  const auto container = describe(tenant);
  if (!container) return;
  const std::string id = string_at(*container, "Id");
  const std::string status = status_of(*container);
  if (status != "running" && status != "paused") return;
  {
    std::lock_guard lock(stops_mutex_);
    if (!stops_.try_emplace(id, std::chrono::steady_clock::now() + grace).second) return;
  }
  try {
    if (status == "paused") send("POST", "/containers/" + id + "/unpause", options_.deadlines.call);
    const auto* config = object_at(*container, "Config");
    signal(id, config == nullptr ? "SIGTERM" : string_at(*config, "StopSignal", "SIGTERM"));
  } catch (const Error&) {
    std::lock_guard lock(stops_mutex_);
    stops_.erase(id);
    throw;
  }
}

void DockerRuntime::signal(const std::string& id, const std::string& name) {
  const auto response =
      send("POST", fmt::format("/containers/{}/kill?signal={}", id, net::url_encoded(name)), options_.deadlines.call);
  // 409: it has ended meanwhile.
  if (response.status == 204 || response.status == 404 || response.status == 409) return;
  throw engine_error(response.status, response.body, fmt::format("send {} to container {}", name, id));
}

// What was told to end is ending; once its time is over it is killed.
void DockerRuntime::show_stop(Instance& instance) {
  bool overdue = false;
  {
    std::lock_guard lock(stops_mutex_);
    const auto known = stops_.find(instance.id);
    if (known == stops_.end()) return;
    if (instance.state != InstanceState::running) {
      stops_.erase(known);
      return;
    }
    overdue = std::chrono::steady_clock::now() >= known->second;
  }
  instance.state = InstanceState::stopping;
  if (overdue) signal(instance.id, "SIGKILL");
}

void DockerRuntime::set_limits(const TenantId& tenant, const Plan& plan) {
  const auto container = describe(tenant);
  if (!container) return;
  const std::string id = string_at(*container, "Id");
  const auto response =
      send("POST", "/containers/" + id + "/update", options_.deadlines.call, json::serialize(limits_of(plan)));
  if (response.status == 200 || response.status == 404) return;
  throw engine_error(response.status, response.body, "set the limits of container " + name_of(tenant));
}

void DockerRuntime::remove(const TenantId& tenant, bool volumes) {
  if (const auto container = describe(tenant)) remove_container(string_at(*container, "Id"));
  if (volumes) remove_volumes(tenant);
}

void DockerRuntime::remove_container(const std::string& id) {
  const auto response = send("DELETE", "/containers/" + id + "?force=1&v=1", options_.deadlines.remove);
  {
    std::lock_guard lock(stops_mutex_);
    stops_.erase(id);
  }
  if (response.status == 204 || response.status == 200 || response.status == 404) return;
  if (response.status == 409 && says_being_removed(message_of(response.body))) {
    const auto gone = send("POST", "/containers/" + id + "/wait?condition=removed", options_.deadlines.remove);
    if (gone.status == 200 || gone.status == 404) return;
    throw engine_error(gone.status, gone.body, "wait for the removal of container " + id);
  }
  throw engine_error(response.status, response.body, "remove container " + id);
}

std::optional<Instance> DockerRuntime::inspect(const TenantId& tenant) {
  const auto container = describe(tenant);
  if (!container) return std::nullopt;
  Instance instance = instance_of_inspect(*container);
  const bool not_executed = instance.exit_code == 126 || instance.exit_code == 127;
  if (instance.state == InstanceState::exited && not_executed && instance.error.empty()) {
    instance.error = exec_failure(instance.id);
  }
  show_stop(instance);
  return instance;
}

std::string DockerRuntime::check() {
  json::object version;
  try {
    version = engine_.version(options_.deadlines.call);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::unavailable) throw;
    throw Error(
        ErrorKind::unavailable,
        fmt::format("{}. Is dockerd running, and may this user use it? Try 'systemctl start docker', and add the "
                    "user to the group 'docker'",
                    error.message()));
  }
  const std::string api = string_at(version, "ApiVersion");
  const std::string number = string_at(version, "Version", "of unknown version");
  if (version_less(api, oldest_api)) {
    throw Error(ErrorKind::invalid,
                fmt::format("Docker {} speaks version {} of the Engine API; Slipway needs {} or later: "
                            "install Docker 20.10 or later",
                            number, api.empty() ? "?" : api, oldest_api));
  }
  const auto* components = array_at(version, "Components");
  const bool podman = components != nullptr && !components->empty() && (*components)[0].is_object() &&
                      string_at((*components)[0].get_object(), "Name").starts_with("Podman");
  return (podman ? "Podman " : "Docker ") + number;
}

}  // namespace slipway::docker
