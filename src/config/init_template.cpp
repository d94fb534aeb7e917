#include "config/init_template.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "config/types.hpp"

namespace slipway {
namespace {

constexpr std::string_view body = R"(# Slipway: one dedicated instance of this app for every customer.
# Only app.image is required; what is commented out shows the default. Every key: docs/reference/configuration.md
# ${{NAME}} takes an environment variable; secrets also take file:/path/to/secret. Check with: slipway doctor

app:
  name: {name}
  image: {image}
  port: {port}                       # {port_note}
  health: {{ path: / }}              # answers 2xx or 3xx once the app is ready
  # start_timeout: 60s             # for one boot, migrations included
  # command: ["serve", "--all"]    # instead of the image's own
  # read_only: false               # true: the root file system cannot be written; /tmp and volumes can
  env:
    # Each customer's own. Also: tenant.id, user_id, subdomain, admin_email, plan, url, port, and db.host, db.port,
    # db.name, db.user, db.password. For SQLAlchemy with asyncpg:
    # DATABASE_URL: "postgresql+asyncpg://{{{{ db.user }}}}:{{{{ db.password }}}}@{{{{ db.host }}}}:{{{{ db.port }}}}/{{{{ db.name }}}}"
    DATABASE_URL: "{{{{ db.url }}}}"
    COMPANY_NAME: "{{{{ company_name }}}}"
  # volumes:                       # kept across restarts, removed with the customer
  #   - {{ name: data, path: /data }}

# What a customer's instance may use. A sign-up names its plan; "default" is for those that do not.
plans:
  default: {{ memory: 256MiB, cpus: 0.5, pids: 256, database: {{ connections: 4, statement_timeout: 30s }} }}
  # large: {{ memory: 1GiB, cpus: 2 }}

# Where customers find their instance: http://<subdomain>.<address>.sslip.io:<port>
access:
  domain: sslip.io                 # localhost: for this machine only, without DNS
  address: auto                    # or the machine's public IPv4 address
  ports: 20000-29999               # one for each customer; open them in the firewall

# database:                        # without it, Slipway runs a private Postgres of its own
#   url: file:/etc/slipway/database-url

mail:
  driver: outbox                   # writes mail to files; smtp and resend send it
  # from: "Shop <hello@shop.example>"
  # operator: you@shop.example     # is told when a provisioning fails
  # language: en                   # or vi
  # smtp: {{ host: smtp.example.com, user: me, password: "${{SMTP_PASSWORD}}" }}
  # resend: {{ api_key: "file:/etc/slipway/resend-key" }}

# api:
#   listen: 127.0.0.1:8080         # where sign-ups arrive
# data_dir: ./slipway-data
)";

// As a YAML double-quoted scalar, unless it needs no quotes. A $ would begin a variable.
std::string yaml_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '$') out += '$';
    out += c;
  }
  return out + "\"";
}

// "registry.example.com/team/shop:1.4@sha256:…" -> "shop"
std::string name_of_image(const std::string& image) {
  std::string name = image.substr(0, image.find('@'));
  name = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
  return name.substr(0, name.find(':'));
}

std::string checked(std::string_view what, const std::string& text, const config::Type& type) {
  try {
    return std::get<std::string>(type.parse(text));
  } catch (const Error& e) {
    throw Error(ErrorKind::invalid, fmt::format("{} '{}' {}", what, text, e.message()));
  }
}

}  // namespace

std::string init_template(const std::string& image, const std::string& name, std::optional<std::uint16_t> port) {
  const std::string checked_image = checked("the image", image, config::image());
  const std::string checked_name = checked("the name", name.empty() ? name_of_image(image) : name, config::text());
  return fmt::format(body, fmt::arg("name", yaml_quoted(checked_name)), fmt::arg("image", yaml_quoted(checked_image)),
                     fmt::arg("port", port.value_or(8080)),
                     fmt::arg("port_note", port ? "on which the app listens inside its container"
                                                : "CHECK: on which the app listens inside its container"));
}

void write_init_file(const std::string& file, const std::string& text, bool force) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (force ? O_TRUNC : O_EXCL);
  const int fd = ::open(file.c_str(), flags, 0644);
  if (fd < 0 && errno == EEXIST) {
    throw Error(ErrorKind::conflict, fmt::format("{} is there already; --force overwrites it", file));
  }
  if (fd < 0) throw Error(ErrorKind::unavailable, fmt::format("write {}: {}", file, std::strerror(errno)));
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(fd, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int error = errno;
      ::close(fd);
      throw Error(ErrorKind::unavailable, fmt::format("write {}: {}", file, std::strerror(error)));
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
  ::close(fd);
}

}  // namespace slipway
