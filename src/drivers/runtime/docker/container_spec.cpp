#include "drivers/runtime/docker/container_spec.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace slipway::docker {
namespace {

namespace json = boost::json;

constexpr std::uint64_t smallest_tmp_bytes = 16ull << 20;
constexpr std::uint64_t largest_tmp_bytes = 512ull << 20;

// What is written to /tmp counts against the container's memory, so it gets a quarter of it. Programs may be executed
// from it, against Docker's default: ordinary images unpack libraries and helpers there (Java's native parts,
// PyInstaller, Node's single files), and without new privileges and set-uid bits a program in /tmp can do no more than
// one elsewhere.
std::string tmp_options(const Plan& plan) {
  const auto size = std::clamp(plan.memory_bytes / 4, smallest_tmp_bytes, largest_tmp_bytes);
  return fmt::format("rw,exec,nosuid,nodev,mode=1777,size={}", size);
}

json::array strings(const std::vector<std::string>& values) {
  json::array array;
  for (const std::string& value : values) array.emplace_back(value);
  return array;
}

json::array mounts(const InstanceSpec& spec, const InstallationId& installation) {
  json::array array;
  for (const VolumeSpec& volume : spec.volumes) {
    array.push_back(
        {{"Type", "volume"}, {"Source", volume_name(installation, spec.tenant, volume.name)}, {"Target", volume.path}});
  }
  return array;
}

json::object host_config(const InstanceSpec& spec, const InstallationId& installation, const std::string& network,
                         const DockerOptions& options) {
  json::object host = limits_of(spec.plan);
  host["NetworkMode"] = network;
  host["SecurityOpt"] = json::array{"no-new-privileges"};
  host["CapDrop"] = json::array{"ALL"};
  host["CapAdd"] = strings(spec.capabilities);
  host["Privileged"] = false;
  host["ReadonlyRootfs"] = spec.read_only;
  host["RestartPolicy"] = json::object{{"Name", "no"}};  // restarts are the reconciler's
  // As PID 1 a program without a handler ignores SIGTERM: it would burn the whole grace of each stop.
  host["Init"] = true;
  host["LogConfig"] = json::object{
      {"Type", "json-file"},
      {"Config",
       {{"max-size", std::to_string(options.log_max_bytes)}, {"max-file", std::to_string(options.log_files)}}}};
  const std::string host_port = spec.host_port.value() == 0 ? "" : std::to_string(spec.host_port.value());
  host["PortBindings"] = json::object{{fmt::format("{}/tcp", spec.app_port),
                                       json::array{json::object{{"HostIp", "0.0.0.0"}, {"HostPort", host_port}}}}};
  host["Mounts"] = mounts(spec, installation);
  const bool own_tmp = std::any_of(spec.volumes.begin(), spec.volumes.end(), [](const VolumeSpec& volume) {
    return volume.path == "/tmp" || volume.path == "/tmp/";
  });
  if (!own_tmp) host["Tmpfs"] = json::object{{"/tmp", tmp_options(spec.plan)}};
  return host;
}

}  // namespace

json::object labels_of(const InstallationId& installation, const TenantId& tenant) {
  json::object labels;
  labels[installation_label] = installation.value();
  labels[managed_label] = "true";
  if (!tenant.value().empty()) labels[tenant_label] = tenant.value();
  return labels;
}

json::object limits_of(const Plan& plan) {
  return {{"Memory", plan.memory_bytes},
          {"MemorySwap", plan.memory_bytes},  // memory and swap together: no swap
          {"NanoCpus", static_cast<std::int64_t>(std::llround(plan.cpus * 1e9))},
          {"PidsLimit", plan.pids}};
}

std::string volume_name(const InstallationId& installation, const TenantId& tenant, std::string_view volume) {
  return fmt::format("{}_{}", resource_name(installation, tenant), volume);
}

json::object container_spec(const InstanceSpec& spec, const InstallationId& installation, const std::string& network,
                            const DockerOptions& options) {
  json::object container;
  container["Image"] = spec.image;
  json::object labels = labels_of(installation, spec.tenant);
  if (!spec.fingerprint.empty()) labels[fingerprint_label] = spec.fingerprint;
  container["Labels"] = std::move(labels);
  if (!spec.command.empty()) container["Cmd"] = strings(spec.command);
  json::array env;
  for (const EnvVar& variable : spec.env) env.emplace_back(variable.name + "=" + variable.value.reveal());
  container["Env"] = std::move(env);
  container["Tty"] = false;  // the log's stream is in frames
  container["ExposedPorts"] = json::object{{fmt::format("{}/tcp", spec.app_port), json::object{}}};
  container["HostConfig"] = host_config(spec, installation, network, options);
  return container;
}

}  // namespace slipway::docker
