#include "drivers/runtime/docker/tenant_network.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/docker/container_spec.hpp"
#include "drivers/runtime/docker/engine_error.hpp"

namespace slipway::docker {
namespace {

namespace json = boost::json;

constexpr std::string_view icc_option = "com.docker.network.bridge.enable_icc";
constexpr std::string_view masquerade_option = "com.docker.network.bridge.enable_ip_masquerade";

// The first IPv4 entry of the network's address management.
HostNetwork addresses_of(const json::object& network, const std::string& name) {
  const auto* ipam = object_at(network, "IPAM");
  const auto* configs = ipam == nullptr ? nullptr : array_at(*ipam, "Config");
  if (configs != nullptr) {
    for (const auto& config : *configs) {
      if (!config.is_object()) continue;
      const std::string subnet = string_at(config.get_object(), "Subnet");
      if (subnet.empty() || subnet.find(':') != std::string::npos) continue;
      // Docker leaves the gateway out where it chose it for a subnet that was given.
      const std::string gateway = string_at(config.get_object(), "Gateway");
      return {gateway.empty() ? first_host(subnet) : gateway, subnet};
    }
  }
  throw Error(ErrorKind::internal, fmt::format("docker: network {} has no IPv4 subnet", name));
}

HostNetwork checked(const json::object& network, const std::string& name, const DockerOptions& options,
                    const InstallationId& installation) {
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorKind::conflict,
                fmt::format("docker: the network {} is there already, but {}; remove it (docker network rm {}) or "
                            "configure another name",
                            name, why, name));
  };
  const auto* labels = object_at(network, "Labels");
  if (labels == nullptr || string_at(*labels, installation_label) != installation.value()) {
    refuse(fmt::format("lacks the label {}={}", installation_label, installation.value()));
  }
  if (string_at(network, "Driver") != "bridge") refuse("is not a bridge");
  const auto* driver = object_at(network, "Options");
  if (driver == nullptr || string_at(*driver, icc_option) != "false") {
    refuse("lets tenants reach each other (enable_icc is not false)");
  }
  HostNetwork result = addresses_of(network, name);
  if (!options.subnet.empty() && result.subnet != options.subnet) {
    refuse(fmt::format("has the subnet {} instead of the configured {}", result.subnet, options.subnet));
  }
  return result;
}

json::object network_spec(const std::string& name, const DockerOptions& options, const InstallationId& installation) {
  json::object spec;
  spec["Name"] = name;
  spec["CheckDuplicate"] = true;  // names of networks are not unique by themselves
  spec["Driver"] = "bridge";
  spec["Labels"] = labels_of(installation, TenantId());
  spec["Options"] = json::object{{icc_option, "false"}, {masquerade_option, "true"}};
  if (!options.subnet.empty()) {
    spec["IPAM"] = json::object{
        {"Config", json::array{json::object{{"Subnet", options.subnet}, {"Gateway", first_host(options.subnet)}}}}};
  }
  return spec;
}

}  // namespace

std::string network_name(const DockerOptions& options, const InstallationId& installation) {
  return options.network.empty() ? "slipway_" + installation.value() : options.network;
}

HostNetwork ensure_network(EngineClient& engine, const DockerOptions& options, const InstallationId& installation) {
  const std::string name = network_name(options, installation);
  Call look{.method = "GET",
            .path = "/networks/" + net::url_encoded(name),
            .body = {},
            .headers = {},
            .timeout = options.deadlines.call};
  net::Response found = engine.call(look);
  if (found.status == 404) {
    Call make{.method = "POST",
              .path = "/networks/create",
              .body = json::serialize(network_spec(name, options, installation)),
              .headers = {},
              .timeout = options.deadlines.call};
    const net::Response made = engine.call(make);
    // 409: another worker or process was quicker; what it made is checked like any other.
    if (made.status != 201 && made.status != 409) {
      Error error = engine_error(made.status, made.body, "make network " + name);
      const bool overlap = error.message().find("verlap") != std::string::npos || error.kind() == ErrorKind::limited;
      throw Error(error.kind(), error.message() + (overlap ? "; configure a free subnet for it" : ""));
    }
    found = engine.call(look);
  }
  if (found.status != 200) throw engine_error(found.status, found.body, "look at network " + name);
  return checked(as_object(found), name, options, installation);
}

std::string first_host(const std::string& subnet) {
  const auto refuse = [&] {
    throw Error(ErrorKind::invalid, fmt::format("'{}' is not an IPv4 network such as 172.30.0.0/16", subnet))
        .on("docker.subnet", "is not an IPv4 network such as 172.30.0.0/16");
  };
  const auto slash = subnet.find('/');
  in_addr address{};
  if (slash == std::string::npos || ::inet_pton(AF_INET, subnet.substr(0, slash).c_str(), &address) != 1) refuse();
  unsigned bits = 0;
  const char* const end = subnet.data() + subnet.size();
  const auto parsed = std::from_chars(subnet.data() + slash + 1, end, bits);
  if (parsed.ec != std::errc() || parsed.ptr != end || bits < 8 || bits > 30) refuse();
  const std::uint32_t lowest = ntohl(address.s_addr);
  if ((lowest & (0xFFFFFFFFu >> bits)) != 0) refuse();
  address.s_addr = htonl(lowest + 1);
  char text[INET_ADDRSTRLEN];
  return ::inet_ntop(AF_INET, &address, text, sizeof text);
}

}  // namespace slipway::docker
