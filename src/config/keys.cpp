#include "config/keys.hpp"

#include <algorithm>

namespace slipway {

const std::vector<ConfigKey>& config_keys() {
  static const std::vector<ConfigKey> keys = {
      {"app.name", "text", "app"},
      {"app.image", "text", ""},
      {"app.command", "list of text", "[]"},
      {"app.port", "port", "8080"},
      {"app.health.path", "text", "/"},
      {"app.start_timeout", "duration", "60s"},
      {"app.stop_timeout", "duration", "10s"},
      {"app.env.*", "template", ""},
      {"app.volumes[].name", "name", ""},
      {"app.volumes[].path", "text", ""},
      {"app.read_only", "true or false", "false"},
      {"app.capabilities", "list of text", "[CHOWN, DAC_OVERRIDE, FOWNER, SETGID, SETUID, NET_BIND_SERVICE]"},
      {"plans.*.memory", "size", "256MiB"},
      {"plans.*.cpus", "number", "0.5"},
      {"plans.*.pids", "whole number", "256"},
      {"plans.*.database.connections", "whole number", "10"},
      {"plans.*.database.statement_timeout", "duration", "30s"},
      {"access.domain", "sslip.io or localhost", "sslip.io"},
      {"access.address", "IPv4 address or auto", "auto"},
      {"access.probe_address", "IPv4 address", ""},
      {"access.ports", "port range", "20000-29999"},
      {"access.stable_ports", "true or false", "false"},
      {"runtime.driver", "auto, docker or process", "auto"},
      {"runtime.docker.host", "address", "unix:///var/run/docker.sock"},
      {"runtime.docker.ca_file", "path", ""},
      {"runtime.docker.cert_file", "path", ""},
      {"runtime.docker.key_file", "path", ""},
      {"runtime.docker.network", "name", "slipway"},
      {"runtime.docker.subnet", "subnet", ""},
      {"runtime.docker.config", "path", ""},
      {"runtime.process.user", "text", ""},
      {"database.url", "secret", ""},
      {"database.managed.port", "port", "5433"},
      {"database.managed.bindir", "path", ""},
      {"database.tenant_host", "text", ""},
      {"database.tenant_port", "port", ""},
      {"mail.driver", "outbox, smtp or resend", "outbox"},
      {"mail.from", "mail address with a name", "noreply@slipway.example"},
      {"mail.reply_to", "mail address", ""},
      {"mail.operator", "mail address", ""},
      {"mail.language", "en or vi", "en"},
      {"mail.templates", "path", ""},
      {"mail.outbox.directory", "path", ""},
      {"mail.smtp.host", "text", ""},
      {"mail.smtp.port", "port", ""},
      {"mail.smtp.security", "starttls, tls or none", "starttls"},
      {"mail.smtp.user", "text", ""},
      {"mail.smtp.password", "secret", ""},
      {"mail.resend.api_key", "secret", ""},
      {"mail.resend.endpoint", "address", "https://api.resend.com"},
      {"api.listen", "IP address and port", "127.0.0.1:8080"},
      {"api.socket", "path", ""},
      {"api.cors_origins", "list of text", "[]"},
      {"api.trusted_proxies", "list of text", "[]"},
      {"aws.region", "name", ""},
      {"aws.stack", "name", "slipway"},
      {"aws.zone", "name", ""},
      {"aws.instance_type", "text", "t3.micro"},
      {"aws.extra_machines", "whole number", "0"},
      {"aws.shell_access", "true or false", "false"},
      {"aws.database.volume", "size", "8GiB"},
      {"aws.database.snapshots", "whole number", "7"},
      {"aws.database.image", "text", "public.ecr.aws/docker/library/postgres:15-alpine"},
      {"aws.database.host", "text", ""},
      {"aws.database.port", "port", "5432"},
      {"aws.database.password", "secret", ""},
      {"aws.requests_per_second", "whole number", "10"},
      {"aws.log_days", "whole number", "14"},
      {"aws.alarm_email", "mail address", ""},
      {"aws.budget_usd", "whole number", "20"},
      {"limits.reserved_subdomains", "list of text", ""},
      {"limits.sign_ups_per_key", "whole number", "600"},
      {"limits.sign_ups_per_address", "whole number", "60"},
      {"limits.workers", "whole number", "8"},
      {"limits.parallel_starts", "whole number", "0"},
      {"limits.retry_budget", "duration", "5m"},
      {"limits.orphan_grace", "duration", "1h"},
      {"limits.sweep_interval", "duration", "60s"},
      {"log.format", "auto, human or json", "auto"},
      {"log.level", "debug, info, warn or error", "info"},
      {"data_dir", "path", "./slipway-data"},
  };
  return keys;
}

std::vector<std::string> keys_in(std::string_view path) {
  std::vector<std::string> found;
  const std::string prefix = path.empty() ? "" : std::string(path) + ".";
  for (const ConfigKey& key : config_keys()) {
    if (!key.path.starts_with(prefix)) continue;
    std::string name(key.path.substr(prefix.size()));
    name = name.substr(0, name.find_first_of(".["));
    if (found.empty() || found.back() != name) found.push_back(std::move(name));
  }
  return found;
}

}  // namespace slipway
