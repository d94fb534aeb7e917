#include "drivers/runtime/docker/container_state.hpp"

#include <charconv>

#include "base/json.hpp"
#include "drivers/runtime/docker/container_spec.hpp"

namespace slipway::docker {
namespace {

namespace json = boost::json;

template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end == text.data()) return std::nullopt;
  return value;
}

InstanceState state_of(std::string_view status) {
  if (status == "created" || status == "configured") return InstanceState::created;  // "configured": Podman
  if (status == "running" || status == "restarting") return InstanceState::running;
  return InstanceState::exited;  // exited, dead, removing; and paused: it answers nobody, and a start lets it go on
}

std::string instance_error(const json::object& state) {
  const std::string said = string_at(state, "Error");
  return said.empty() && string_at(state, "Status") == "paused" ? "the container was paused from outside" : said;
}

// {"8080/tcp": [{"HostIp": "0.0.0.0", "HostPort": "20001"}]}; null where a port is exposed but not published.
std::optional<Port> first_port(const json::object* bindings) {
  if (bindings == nullptr) return std::nullopt;
  for (const auto& [inner, outer] : *bindings) {
    if (!outer.is_array()) continue;
    for (const auto& binding : outer.get_array()) {
      if (!binding.is_object()) continue;
      const auto port = number<std::uint16_t>(string_at(binding.get_object(), "HostPort"));
      if (port && *port != 0) return Port(*port);
    }
  }
  return std::nullopt;
}

std::optional<Port> published_port(const json::object& container) {
  if (const auto* network = object_at(container, "NetworkSettings")) {
    if (auto port = first_port(object_at(*network, "Ports"))) return port;
  }
  const auto* host = object_at(container, "HostConfig");
  return host == nullptr ? std::nullopt : first_port(object_at(*host, "PortBindings"));
}

void read_labels(const json::object* labels, Instance& instance) {
  if (labels == nullptr) return;
  instance.tenant = TenantId(string_at(*labels, tenant_label));
  instance.fingerprint = string_at(*labels, fingerprint_label);
}

}  // namespace

std::string status_of(const json::object& container) {
  const auto* state = object_at(container, "State");
  return state == nullptr ? "" : string_at(*state, "Status");
}

Instance instance_of_inspect(const json::object& container) {
  Instance instance;
  instance.id = string_at(container, "Id");
  if (const auto* config = object_at(container, "Config")) read_labels(object_at(*config, "Labels"), instance);
  instance.state = state_of(status_of(container));
  if (const auto* state = object_at(container, "State")) {
    instance.error = instance_error(*state);
    if (instance.state == InstanceState::exited) {
      instance.exit_code = static_cast<int>(int_at(*state, "ExitCode"));
      instance.out_of_memory = bool_at(*state, "OOMKilled");
    }
  }
  instance.host_port = published_port(container);
  return instance;
}

Instance instance_of_list(const json::object& entry) {
  Instance instance;
  instance.id = string_at(entry, "Id");
  read_labels(object_at(entry, "Labels"), instance);
  instance.state = state_of(string_at(entry, "State"));
  // The list has the code in words only: "Exited (137) 2 minutes ago".
  const std::string words = string_at(entry, "Status");
  if (const auto open = words.find('('); instance.state == InstanceState::exited && open != std::string::npos) {
    instance.exit_code = number<int>(std::string_view(words).substr(open + 1)).value_or(0);
  }
  if (const auto* ports = array_at(entry, "Ports")) {
    for (const auto& port : *ports) {
      const auto outer = port.is_object() ? int_at(port.get_object(), "PublicPort") : 0;
      if (outer > 0 && outer <= 65'535) instance.host_port = Port(static_cast<std::uint16_t>(outer));
    }
  }
  return instance;
}

std::optional<InstanceStats> stats_of(const json::object& stats) {
  const auto* memory = object_at(stats, "memory_stats");
  const auto* cpu = object_at(stats, "cpu_stats");
  const auto* pids = object_at(stats, "pids_stats");
  if (memory == nullptr || !memory->contains("usage")) return std::nullopt;
  InstanceStats result;
  const auto usage = std::max<std::int64_t>(0, int_at(*memory, "usage"));
  std::int64_t cache = 0;  // what the kernel can take back at once is not counted, as 'docker stats' does it
  if (const auto* detail = object_at(*memory, "stats")) {
    cache = std::max<std::int64_t>(
        0, int_at(*detail, "total_inactive_file", int_at(*detail, "inactive_file")));  // control groups 1; 2
  }
  result.memory_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, usage - cache));
  result.memory_limit_bytes = static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_at(*memory, "limit")));
  const auto* used = cpu == nullptr ? nullptr : object_at(*cpu, "cpu_usage");
  if (used != nullptr) result.cpu_seconds = static_cast<double>(int_at(*used, "total_usage")) / 1e9;
  if (pids != nullptr) result.pids = static_cast<std::uint32_t>(int_at(*pids, "current"));
  return result;
}

}  // namespace slipway::docker
