#include "app/assemble.hpp"

#include <fmt/format.h>

#include <boost/url.hpp>

#include "base/error.hpp"
#include "drivers/database/postgres/managed_server.hpp"
#include "drivers/database/postgres/postgres_database.hpp"
#include "drivers/mail/outbox/outbox_mailer.hpp"
#include "drivers/mail/resend/resend_mailer.hpp"
#include "drivers/mail/smtp/smtp_mailer.hpp"
#include "drivers/runtime/docker/docker_runtime.hpp"
#include "drivers/runtime/process/process_runtime.hpp"
#include "drivers/store/sqlite/sqlite_store.hpp"

namespace slipway {
namespace {

std::unique_ptr<Runtime> make_docker(const Config& config, const InstallationId& installation, const Log& log) {
  docker::DockerOptions options;
  options.endpoint = config.runtime.docker.engine;
  options.network = config.runtime.docker.network;
  options.subnet = config.runtime.docker.subnet;
  options.parallel_starts = config.limits.parallel_starts;
  options.docker_config_path = config.runtime.docker.config_file.string();
  return std::make_unique<docker::DockerRuntime>(options, installation, log);
}

std::unique_ptr<Runtime> make_processes(const Config& config, const DataDir& data, const InstallationId& installation,
                                        const Log& log) {
  log.warn(
      "tenants run as plain processes: they share this machine's file system, network and users, and only memory is "
      "limited. Fit for trying out and for code that you trust; install Docker for anything else");
  process::ProcessOptions options;
  options.directory = data.processes();
  options.user = config.runtime.process_user;
  return std::make_unique<process::ProcessRuntime>(options, installation, log);
}

bool docker_answers(Runtime& docker, std::string& why) {
  try {
    docker.check();
    return true;
  } catch (const Error& error) {
    why = error.what();
    return false;
  }
}

// Where instances find a server of the founder's own: as the URL says, but "localhost" is the host, seen from a
// container.
std::function<std::string()> tenant_host_of(const Config& config, std::function<std::string()> this_host) {
  const auto always = [](std::string host) { return [host = std::move(host)] { return host; }; };
  if (!config.database.tenant_host.empty()) return always(config.database.tenant_host);
  if (config.database.url.empty()) return this_host;
  const auto url = boost::urls::parse_uri(config.database.url.reveal());
  const std::string host = url ? std::string(url->host_address()) : std::string();
  const bool local =
      host.empty() || host == "localhost" || host == "127.0.0.1" || host == "::1" || host.starts_with('/');
  return local ? this_host : always(host);
}

std::uint16_t tenant_port_of(const Config& config) {
  if (config.database.tenant_port) return *config.database.tenant_port;
  if (config.database.url.empty()) return config.database.managed_port;
  const auto url = boost::urls::parse_uri(config.database.url.reveal());
  return url && url->has_port() && url->port_number() != 0 ? url->port_number() : 5432;
}

mail::SmtpSecurity security_of(Config::SmtpSecurity security) {
  switch (security) {
    case Config::SmtpSecurity::starttls:
      return mail::SmtpSecurity::starttls;
    case Config::SmtpSecurity::tls:
      return mail::SmtpSecurity::tls;
    case Config::SmtpSecurity::none:
      return mail::SmtpSecurity::none;
  }
  return mail::SmtpSecurity::starttls;
}

}  // namespace

std::unique_ptr<Store> make_store(const Config& config, const DataDir& data) {
  sqlite::Options options;
  options.first_port = Port(config.access.ports.first);
  options.last_port = Port(config.access.ports.last);
  return std::make_unique<sqlite::SqliteStore>(data.ledger().string(), options);
}

std::unique_ptr<Runtime> make_runtime(const Config& config, const DataDir& data, const InstallationId& installation,
                                      const Log& log) {
  switch (config.runtime.driver) {
    case Config::RuntimeDriver::docker:
      return make_docker(config, installation, log);
    case Config::RuntimeDriver::process:
      return make_processes(config, data, installation, log);
    case Config::RuntimeDriver::automatic:
      break;
  }
  const std::string in_use = data.runtime_in_use();
  auto docker = make_docker(config, installation, log);
  if (in_use == "docker") return docker;
  if (in_use.empty()) {
    std::string why;
    if (docker_answers(*docker, why)) {
      data.remember_docker();
      return docker;
    }
    log.warn("no container engine can be had, the next start asks again: " + why);
  }
  return make_processes(config, data, installation, log);
}

std::unique_ptr<postgres::ManagedServer> make_managed_server(const Config& config, const DataDir& data,
                                                             const HostNetwork& network, const Secret& master_key,
                                                             const Log& log) {
  if (!config.database.url.empty()) return nullptr;
  postgres::ManagedOptions options;
  options.data_dir = data.postgres();
  options.port = config.database.managed_port;
  options.bindir = config.database.bindir;
  if (!network.host_address.empty()) options.listen_addresses = {network.host_address};
  if (!network.subnet.empty()) options.allowed_subnets = {network.subnet};
  return std::make_unique<postgres::ManagedServer>(options, master_key, log);
}

std::unique_ptr<Database> make_database(const Config& config, const postgres::ManagedServer* managed,
                                        std::function<std::string()> this_host, const InstallationId& installation,
                                        const Secret& master_key) {
  postgres::PostgresOptions options;
  options.admin = managed != nullptr ? managed->admin_conninfo() : config.database.url;
  options.tenant_host = tenant_host_of(config, std::move(this_host));
  options.tenant_port = tenant_port_of(config);
  constexpr std::uint32_t first_generation = 1;
  return std::make_unique<postgres::PostgresDatabase>(options, installation, master_key, first_generation);
}

std::unique_ptr<Mailer> make_mailer(const Config& config, const Clock& clock) {
  switch (config.mail.driver) {
    case Config::MailDriver::outbox:
      return std::make_unique<mail::OutboxMailer>(config.mail.outbox, clock);
    case Config::MailDriver::smtp: {
      mail::SmtpOptions options;
      options.host = config.mail.smtp.host;
      options.port = config.mail.smtp.port;
      options.security = security_of(config.mail.smtp.security);
      options.user = config.mail.smtp.user;
      options.password = config.mail.smtp.password;
      return std::make_unique<mail::SmtpMailer>(options, clock);
    }
    case Config::MailDriver::resend: {
      mail::ResendOptions options;
      options.api_key = config.mail.resend.api_key;
      options.endpoint = config.mail.resend.endpoint;
      return std::make_unique<mail::ResendMailer>(options);
    }
  }
  throw Error(ErrorKind::internal, "mail.driver: unknown");
}

}  // namespace slipway
