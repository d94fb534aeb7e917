#include "drivers/database/postgres/managed_files.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "base/error.hpp"
#include "base/template.hpp"
#include "base/text.hpp"
#include "os/file.hpp"
#include "os/lock.hpp"

namespace slipway::postgres {
namespace {

constexpr std::uintmax_t log_limit_bytes = 4 << 20;
constexpr std::uintmax_t log_kept_bytes = 256 << 10;

// Sized for a small machine: some 20 MB of memory at rest, and about 1 MB for each connection. A failing statement's
// text never reaches the log, since it could hold what a tenant keeps private.
constexpr std::string_view settings_of_slipway =
    R"(# Written by Slipway at each start; settings of your own belong into local.conf, one directory up
listen_addresses = '{{ listen }}'
port = {{ port }}
unix_socket_directories = '{{ socket }}'
unix_socket_permissions = 0700
max_connections = {{ connections }}
superuser_reserved_connections = 6
authentication_timeout = 10s
password_encryption = scram-sha-256
tcp_keepalives_idle = 60
client_connection_check_interval = 10s

shared_buffers = 16MB
huge_pages = off
work_mem = 1MB
maintenance_work_mem = 16MB
wal_buffers = 1MB
min_wal_size = 32MB
max_wal_size = 256MB
max_wal_senders = 2
max_worker_processes = 2
max_parallel_workers_per_gather = 0
max_logical_replication_workers = 0
autovacuum_max_workers = 1
jit = off

logging_collector = off
log_destination = 'stderr'
log_min_messages = log
log_min_error_statement = panic
log_statement = 'none'
log_min_duration_statement = -1
log_parameter_max_length_on_error = 0
log_autovacuum_min_duration = -1
log_checkpoints = off
log_line_prefix = '%m [%p] %q%u '
log_timezone = 'UTC'

timezone = 'UTC'
datestyle = 'iso, mdy'
lc_messages = 'C'
lc_monetary = 'C'
lc_numeric = 'C'
lc_time = 'C'
default_text_search_config = 'pg_catalog.english'
)";

// "sameuser" is the fence between tenants: a role reaches the database that bears its own name and no other.
constexpr std::string_view access_head = R"(# Written by Slipway at each start.
# type  database     user  address       method
local   all          {0}                 scram-sha-256
local   replication  {0}                 scram-sha-256
host    all          {0}   127.0.0.1/32  scram-sha-256
local   all          all                 reject
host    all          {0}   all           reject
host    sameuser     all   127.0.0.1/32  scram-sha-256
)";

// For a value between single quotes in postgresql.conf.
std::string in_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out;
}

bool may_pass(const struct stat& entry, const OsUser& user) {
  if (entry.st_uid == user.uid) return (entry.st_mode & S_IXUSR) != 0;
  const bool in_group =
      entry.st_gid == user.gid || std::find(user.groups.begin(), user.groups.end(), entry.st_gid) != user.groups.end();
  return (entry.st_mode & (in_group ? S_IXGRP : S_IXOTH)) != 0;
}

void require_reachable(const fs::path& path, const OsUser& user) {
  if (!user.switches) return;
  for (fs::path above = fs::canonical(path).parent_path();; above = above.parent_path()) {
    struct stat entry {};
    if (stat(above.c_str(), &entry) != 0) os::fail("look at", above);
    if (!may_pass(entry, user)) {
      throw Error(
          ErrorKind::invalid,
          fmt::format("the user {}, as whom Postgres runs, may not enter {}, so it cannot use {}; choose a data "
                      "directory below /var/lib, or run Slipway as an ordinary user",
                      user.name, above.string(), path.string()));
    }
    if (above == above.root_path()) return;
  }
}

// At most this much, however fast others append to the file meanwhile.
std::string read_part(int fd, off_t offset, std::size_t bytes, const fs::path& path) {
  std::string part(bytes, '\0');
  std::size_t have = 0;
  while (have < bytes) {
    const ssize_t got = pread(fd, part.data() + have, bytes - have, offset + static_cast<off_t>(have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) os::fail("read", path);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  part.resize(have);
  return part;
}

}  // namespace

std::string listen_addresses(const Configuration& configuration) {
  return fmt::format("{}", fmt::join(configuration.listen_addresses, ","));
}

std::string configuration_file(const Configuration& configuration) {
  return expand_template(settings_of_slipway,
                         {{"listen", listen_addresses(configuration)},
                          {"port", std::to_string(configuration.port)},
                          {"socket", configuration.socket_directory},
                          {"connections", std::to_string(configuration.max_connections)}},
                         in_quotes);
}

std::string include_line(const fs::path& file) { return fmt::format("\ninclude = '{}'\n", in_quotes(file.string())); }

std::string access_file(const Configuration& configuration) {
  std::string text = fmt::format(access_head, configuration.superuser);
  for (const std::string& subnet : configuration.allowed_subnets) {
    text += fmt::format("host    sameuser     all   {}  scram-sha-256\n", subnet);
  }
  return text + "host    all          all   all           reject\n";
}

void require_address(const std::string& address) {
  unsigned char bytes[16];
  if (inet_pton(AF_INET, address.c_str(), bytes) == 1 || inet_pton(AF_INET6, address.c_str(), bytes) == 1) return;
  throw Error(ErrorKind::invalid, fmt::format("managed Postgres: \"{}\" is not an IP address to listen on", address));
}

void require_subnet(const std::string& subnet) {
  const auto parts = split(subnet, '/');
  unsigned char bytes[16];
  const bool v4 = parts.size() == 2 && inet_pton(AF_INET, parts[0].c_str(), bytes) == 1;
  const bool v6 = parts.size() == 2 && inet_pton(AF_INET6, parts[0].c_str(), bytes) == 1;
  const bool digits = parts.size() == 2 && !parts[1].empty() && parts[1].size() <= 3 &&
                      parts[1].find_first_not_of("0123456789") == std::string::npos;
  if ((v4 || v6) && digits && std::stoi(parts[1]) <= (v4 ? 32 : 128)) return;
  throw Error(ErrorKind::invalid,
              fmt::format("managed Postgres: \"{}\" is not a subnet such as 172.30.0.0/16", subnet));
}

std::string read_file(const fs::path& path) {
  const auto content = os::read_file(path);
  if (!content) os::fail("read", path, ENOENT);
  return *content;
}

void write_private_file(const fs::path& path, std::string_view content, const OsUser& user) {
  os::replace_private_file(path, content, user.switches ? std::optional(os::Owner{user.uid, user.gid}) : std::nullopt);
}

void make_private_directory(const fs::path& path, const OsUser& user) {
  std::error_code error;
  if (!fs::exists(path, error)) {
    if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) os::fail("make", path);
  }
  // In this order: another start that makes it at the same time gives it away before it puts something into it.
  const bool is_empty = fs::is_empty(path, error);
  struct stat entry {};
  if (lstat(path.c_str(), &entry) != 0) os::fail("look at", path);
  if (S_ISLNK(entry.st_mode)) {
    throw Error(ErrorKind::invalid, fmt::format("{} is a symbolic link; name what it points to", path.string()));
  }
  if (entry.st_uid != user.uid) {
    if (!user.switches || !is_empty || error) {
      throw Error(ErrorKind::invalid,
                  fmt::format("{} is there already and belongs to somebody else; Postgres needs a directory of its own",
                              path.string()));
    }
    if (lchown(path.c_str(), user.uid, user.gid) != 0) os::fail("give away", path);
  }
  if ((entry.st_mode & 07777) != 0700 && chmod(path.c_str(), 0700) != 0) os::fail("close to others", path);
  require_reachable(path, user);
}

void trim_log(const fs::path& path) {
  const os::Descriptor log(open(path.c_str(), O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC));
  if (!log && errno == ENOENT) return;
  struct stat entry {};
  if (!log || fstat(log.get(), &entry) != 0) os::fail("shorten", path);
  if (static_cast<std::uintmax_t>(entry.st_size) <= log_limit_bytes) return;
  const off_t kept = entry.st_size - static_cast<off_t>(log_kept_bytes);
  const std::string tail = read_part(log.get(), kept, log_kept_bytes, path);
  // The server appends, so it goes on at the new end; what it writes within this moment may be lost.
  if (ftruncate(log.get(), 0) != 0) os::fail("shorten", path);
  os::write_all(log, std::string_view(tail).substr(std::min(tail.size(), tail.find('\n') + 1)), path);
}

std::string log_tail(const fs::path& path, std::uintmax_t offset) {
  const os::Descriptor log(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!log) return {};
  struct stat entry {};
  if (fstat(log.get(), &entry) != 0) os::fail("look at", path);
  constexpr off_t limit = 2048;
  const off_t begin = std::max(static_cast<off_t>(offset), entry.st_size - limit);
  std::string text = read_part(log.get(), begin, limit, path);
  if (begin > static_cast<off_t>(offset)) text.erase(0, text.find('\n') + 1);
  return trimmed(text);
}

os::Descriptor lock_server(const fs::path& data_directory, Millis timeout) {
  os::Descriptor lock = os::lock_file(data_directory / "lock", timeout);
  if (lock) return lock;
  throw Error(ErrorKind::unavailable,
              fmt::format("another process holds {}: it is starting or stopping the managed Postgres",
                          (data_directory / "lock").string()));
}

}  // namespace slipway::postgres
