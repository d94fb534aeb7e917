#include <fmt/format.h>

#include <filesystem>

#include "config/parts.hpp"
#include "config/values.hpp"
#include "model/names.hpp"

namespace slipway::config {
namespace {

constexpr std::size_t socket_path_limit_bytes = 107;  // sun_path, less its final zero

void must_exist(const Section& section, std::string_view key, const std::filesystem::path& file) {
  std::error_code ec;
  if (!file.empty() && !std::filesystem::exists(file, ec)) {
    section.problem(key, fmt::format("there is no {}", file.string()));
  }
}

// Where Docker's own programs keep the credentials of registries.
std::filesystem::path docker_config_file(const EnvLookup& env) {
  std::filesystem::path file;
  const auto directory = env("DOCKER_CONFIG");
  const auto home = env("HOME");
  if (directory && !directory->empty()) {
    file = std::filesystem::path(*directory) / "config.json";
  } else if (home && !home->empty()) {
    file = std::filesystem::path(*home) / ".docker" / "config.json";
  }
  std::error_code ec;
  return std::filesystem::exists(file, ec) ? file : std::filesystem::path{};
}

void read_docker(const Section& section, const EnvLookup& env, Config::Docker& docker) {
  std::filesystem::path ca;
  std::filesystem::path cert;
  std::filesystem::path key;
  section.read("host", docker.engine.url, parse_docker_host);
  section.path("ca_file", ca);
  section.path("cert_file", cert);
  section.path("key_file", key);
  must_exist(section, "ca_file", ca);
  must_exist(section, "cert_file", cert);
  must_exist(section, "key_file", key);
  if (cert.empty() != key.empty()) {
    section.problem(cert.empty() ? "key_file" : "cert_file", "cert_file and key_file are given together or not at all");
  }
  const bool tls = !ca.empty() || !cert.empty();
  std::string& url = docker.engine.url;
  if (url.starts_with("tcp://")) url = (tls ? "https://" : "http://") + url.substr(6);
  if (tls && !url.starts_with("https://")) {
    section.problem("host", "is not reached over TLS, but ca_file or cert_file are given; use tcp:// or https://");
  }
  docker.engine.ca_file = ca.string();
  docker.engine.cert_file = cert.string();
  docker.engine.key_file = key.string();
  section.read("network", docker.network, parse_name);
  section.read("subnet", docker.subnet, parse_subnet);
  docker.config_file = docker_config_file(env);
  if (section.has("config")) {
    section.path("config", docker.config_file);
    must_exist(section, "config", docker.config_file);
  }
}

}  // namespace

void read_access(const Section& top, Config& config) {
  const Section section = top.section("access");
  Config::Access& access = config.access;
  static const std::vector<std::string> domains = {"sslip.io", "localhost"};
  section.read("domain", access.spec.domain,
               [](std::string_view text) { return domains[parse_choice(text, domains)]; });
  section.read("address", access.spec.address, [&](std::string_view text) {
    access.find_address = text == "auto";
    return access.find_address ? std::string() : parse_ipv4(text);
  });
  section.read("probe_address", access.spec.probe_address,
               [](std::string_view text) { return text.empty() ? std::string() : parse_ipv4(text); });
  section.read("ports", access.ports, parse_port_range);
  section.read("stable_ports", access.stable_ports, parse_bool);
}

void read_runtime(const Section& top, const EnvLookup& env, Config& config) {
  const Section section = top.section("runtime");
  section.read("driver", config.runtime.driver, [](std::string_view text) {
    return static_cast<Config::RuntimeDriver>(parse_choice(text, {"auto", "docker", "process"}));
  });
  read_docker(section.section("docker"), env, config.runtime.docker);
  section.section("process").read("user", config.runtime.process_user, parse_line);
  if (config.runtime.driver == Config::RuntimeDriver::process && config.app.command.empty()) {
    section.problem("driver",
                    "process needs app.command: without a container engine there is no image to take it from");
  }
}

void read_database(const Section& top, Config& config) {
  const Section section = top.section("database");
  Config::Database& database = config.database;
  section.secret("url", database.url, parse_database_url);
  const Section managed = section.section("managed");
  managed.read("port", database.managed_port, parse_port);
  managed.path("bindir", database.bindir);
  must_exist(managed, "bindir", database.bindir);
  if (section.has("url") && section.has("managed")) {
    section.problem("managed", "is for a server that Slipway runs itself; with 'url' there is none");
  }
  section.read("tenant_host", database.tenant_host, parse_host);
  section.read("tenant_port", database.tenant_port, parse_port);
}

void read_places(const Section& top, Config& config) {
  config.data_dir = config.file.parent_path() / "slipway-data";
  top.path("data_dir", config.data_dir);
  config.api.socket = config.data_dir / "slipway.sock";
  const Section api = top.section("api");
  api.read("listen", config.api, [&](std::string_view text) {
    const Listen listen = parse_listen(text);
    return Config::Api{listen.address, listen.port, config.api.socket, {}};
  });
  api.list("cors_origins", config.api.access.cors_origins, parse_origin);
  api.list("trusted_proxies", config.api.access.trusted_proxies, api::parse_address_range);
  api.path("socket", config.api.socket);
  if (config.api.socket.string().size() > socket_path_limit_bytes) {
    api.problem("socket", fmt::format("{} is longer than the {} bytes that a socket's path may have; give a shorter "
                                      "api.socket, such as /run/slipway.sock",
                                      config.api.socket.string(), socket_path_limit_bytes));
  }
}

void read_limits(const Section& top, Config& config) {
  const Section section = top.section("limits");
  Config::Limits& limits = config.limits;
  const auto number = [](std::uint32_t least, std::uint32_t most) {
    return [least, most](std::string_view text) { return static_cast<std::uint32_t>(parse_whole(text, least, most)); };
  };
  limits.reserved_subdomains = default_reserved_slugs();
  section.list("reserved_subdomains", limits.reserved_subdomains, [](std::string_view text) {
    try {
      return parse_slug(text).value();
    } catch (const Error& e) {
      throw Error(ErrorKind::invalid, e.fields().front().message);
    }
  });
  section.read("sign_ups_per_key", config.api.access.sign_ups_per_key, number(0, 1'000'000));
  section.read("sign_ups_per_address", config.api.access.sign_ups_per_address, number(0, 1'000'000));
  section.read("workers", limits.workers, number(1, 256));
  section.read("parallel_starts", limits.parallel_starts, number(0, 256));
  section.read("retry_budget", limits.retry_budget, parse_duration);
  section.read("orphan_grace", limits.orphan_grace, parse_duration);
  section.read("sweep_interval", limits.sweep_interval, parse_duration);
}

void read_log(const Section& top, Config& config) {
  const Section section = top.section("log");
  section.read("format", config.log.format, [](std::string_view text) -> std::optional<LogFormat> {
    const std::size_t choice = parse_choice(text, {"auto", "human", "json"});
    if (choice == 0) return std::nullopt;
    return choice == 1 ? LogFormat::human : LogFormat::json;
  });
  section.read("level", config.log.level, [](std::string_view text) {
    return static_cast<LogLevel>(parse_choice(text, {"debug", "info", "warn", "error"}));
  });
}

void check_together(const Section& top, const Config& config) {
  const Section access = top.section("access");
  const Config::PortRange ports = config.access.ports;
  const auto inside = [&](std::uint16_t port) { return port >= ports.first && port <= ports.last; };
  if (inside(config.api.port)) {
    access.problem("ports", fmt::format("holds port {}, on which api.listen listens", config.api.port));
  }
  if (config.database.url.empty() && inside(config.database.managed_port)) {
    access.problem("ports", fmt::format("holds port {}, which database.managed uses", config.database.managed_port));
  }
}

}  // namespace slipway::config
