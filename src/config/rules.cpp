#include "config/rules.hpp"

#include <fmt/format.h>

#include <filesystem>

#include "model/names.hpp"

namespace slipway::config {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t socket_path_limit_bytes = 107;  // sun_path, less its final zero

void must_exist(Reader& reader, const std::string& path, const fs::path& file) {
  std::error_code ec;
  if (reader.has(path) && !file.empty() && !fs::exists(file, ec)) {
    reader.problem(path, fmt::format("there is no {}", file.string()));
  }
}

void both_or_neither(Reader& reader, const std::string& one, const std::string& other, std::string_view words) {
  if (reader.has(one) == reader.has(other)) return;
  reader.problem(reader.has(one) ? one : other, fmt::format("{} are given together or not at all", words));
}

void check_volumes(Reader& reader) {
  const auto& volumes = reader.config.app.volumes;
  for (std::size_t i = 0; i < volumes.size(); ++i) {
    for (std::size_t before = 0; before < i; ++before) {
      const std::string path = fmt::format("app.volumes[{}].", i);
      const auto same = [&](auto member) {
        return !(volumes[i].*member).empty() && volumes[i].*member == volumes[before].*member;
      };
      if (same(&VolumeSpec::name)) reader.problem(path + "name", "another volume has this name");
      if (same(&VolumeSpec::path)) reader.problem(path + "path", "another volume is mounted here");
    }
  }
}

// Where Docker's own programs keep the credentials of registries.
fs::path docker_config_file(const EnvLookup& env) {
  fs::path file;
  const auto directory = env("DOCKER_CONFIG");
  const auto home = env("HOME");
  if (directory && !directory->empty()) {
    file = fs::path(*directory) / "config.json";
  } else if (home && !home->empty()) {
    file = fs::path(*home) / ".docker" / "config.json";
  }
  std::error_code ec;
  return fs::exists(file, ec) ? file : fs::path{};
}

void complete_runtime(Reader& reader, const EnvLookup& env) {
  Config::Runtime& runtime = reader.config.runtime;
  if (runtime.driver == Config::RuntimeDriver::process && reader.config.app.command.empty()) {
    reader.problem("runtime.driver",
                   "process needs app.command: without a container engine there is no image to take it from");
  }
  net::Endpoint& engine = runtime.docker.engine;
  must_exist(reader, "runtime.docker.ca_file", engine.ca_file);
  must_exist(reader, "runtime.docker.cert_file", engine.cert_file);
  must_exist(reader, "runtime.docker.key_file", engine.key_file);
  if (engine.cert_file.empty() != engine.key_file.empty()) {
    reader.problem(engine.cert_file.empty() ? "runtime.docker.key_file" : "runtime.docker.cert_file",
                   "cert_file and key_file are given together or not at all");
  }
  const bool tls = !engine.ca_file.empty() || !engine.cert_file.empty();
  if (engine.url.starts_with("tcp://")) engine.url = (tls ? "https://" : "http://") + engine.url.substr(6);
  if (tls && !engine.url.starts_with("https://")) {
    reader.problem("runtime.docker.host",
                   "is not reached over TLS, but ca_file or cert_file are given; use tcp:// or https://");
  }
  must_exist(reader, "runtime.docker.config", runtime.docker.config_file);
  if (!reader.has("runtime.docker.config")) runtime.docker.config_file = docker_config_file(env);
}

void complete_mail(Reader& reader) {
  Config::Mail& mail = reader.config.mail;
  std::error_code ec;
  if (!mail.templates.empty() && !fs::is_directory(mail.templates, ec)) {
    reader.problem("mail.templates", fmt::format("there is no folder {}", mail.templates.string()));
  }
  if (mail.outbox.empty()) mail.outbox = reader.config.data_dir / "mail";
  if (!reader.has("mail.smtp.port")) {
    using Security = Config::SmtpSecurity;
    mail.smtp.port = mail.smtp.security == Security::starttls ? 587 : mail.smtp.security == Security::tls ? 465 : 25;
  }
  both_or_neither(reader, "mail.smtp.user", "mail.smtp.password", "user and password");
  if (mail.driver == Config::MailDriver::outbox) return;
  reader.require("mail.from", "the sender of every mail, such as Shop <hello@shop.example>");
  if (mail.driver == Config::MailDriver::smtp) {
    reader.require("mail.smtp.host", "mail.driver is smtp, which needs a server");
  } else {
    reader.require("mail.resend.api_key", "mail.driver is resend, which needs one; best as file:PATH or ${NAME}");
  }
}

void check_ports(Reader& reader) {
  const Config& config = reader.config;
  const Config::PortRange ports = config.access.ports;
  const auto holds = [&](std::uint16_t port) { return port >= ports.first && port <= ports.last; };
  if (holds(config.api.listen.port)) {
    reader.problem("access.ports", fmt::format("holds port {}, on which api.listen listens", config.api.listen.port));
  }
  if (config.database.url.empty() && holds(config.database.managed_port)) {
    reader.problem("access.ports",
                   fmt::format("holds port {}, which database.managed uses", config.database.managed_port));
  }
}

}  // namespace

void complete_places(Reader& reader) {
  fs::path& socket = reader.config.api.socket;
  if (socket.empty()) socket = reader.config.data_dir / "slipway.sock";
  if (socket.string().size() <= socket_path_limit_bytes) return;
  reader.problem("api.socket",
                 fmt::format("{} is longer than the {} bytes that a socket's path may have; give a shorter "
                             "api.socket, such as /run/slipway.sock",
                             socket.string(), socket_path_limit_bytes));
}

void complete(Reader& reader, const EnvLookup& env) {
  Config& config = reader.config;
  complete_places(reader);
  check_volumes(reader);
  complete_runtime(reader, env);
  must_exist(reader, "database.managed.bindir", config.database.bindir);
  if (reader.has("database.url") && reader.has("database.managed")) {
    reader.problem("database.managed", "is for a server that Slipway runs itself; with 'url' there is none");
  }
  complete_mail(reader);
  both_or_neither(reader, "aws.database.host", "aws.database.password", "host and password of a Postgres of your own");
  if (!reader.has("limits.reserved_subdomains")) config.limits.reserved_subdomains = default_reserved_slugs();
  check_ports(reader);
}

}  // namespace slipway::config
