#include "drivers/database/postgres/managed_server.hpp"

#include <locale.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "drivers/database/postgres/listening.hpp"
#include "drivers/database/postgres/open_databases.hpp"
#include "drivers/database/postgres/postmaster.hpp"

namespace slipway::postgres {
namespace {

constexpr std::string_view superuser = "slipway";
constexpr Millis initdb_timeout{120'000};
constexpr Millis statement_timeout{20'000};
constexpr Millis call_timeout{30'000};
constexpr Millis poll_interval{5};
// A Unix socket's path has at most 107 bytes, of which Postgres takes 16 for the file's name.
constexpr std::size_t socket_directory_limit_bytes = 90;

Deadline in(Millis time) { return std::chrono::steady_clock::now() + time; }

Secret superuser_password(const Secret& master_key) {
  return Secret(to_hex(hmac_sha256(master_key, "postgres/v1/superuser")));
}

fs::path socket_directory_for(const fs::path& data_dir) {
  const fs::path inside = data_dir / "run";
  if (inside.string().size() <= socket_directory_limit_bytes) return inside;
  return "/tmp/slipway-postgres-" + to_hex(sha256(data_dir.string())).substr(0, 16);
}

Configuration configuration_for(const ManagedOptions& options) {
  Configuration made;
  made.listen_addresses = {"127.0.0.1"};
  for (const std::string& address : options.listen_addresses) {
    require_address(address);
    if (address != "127.0.0.1") made.listen_addresses.push_back(address);
  }
  for (const std::string& subnet : options.allowed_subnets) require_subnet(subnet);
  made.port = options.port;
  made.socket_directory = socket_directory_for(options.data_dir);
  made.max_connections = options.max_connections;
  made.allowed_subnets = options.allowed_subnets;
  made.superuser = superuser;
  return made;
}

ManagedOptions absolute(ManagedOptions options) {
  if (options.data_dir.empty() || options.port == 0) {
    throw Error(ErrorKind::invalid, "managed Postgres: needs a data directory and a port");
  }
  options.data_dir = fs::absolute(options.data_dir).lexically_normal();
  return options;
}

Target target_at(const std::string& socket_directory, std::uint16_t port, const Secret& password) {
  std::string directory;
  for (const char c : socket_directory) {
    if (c == '\'' || c == '\\') directory += '\\';
    directory += c;
  }
  return Target(Secret(fmt::format("host='{}' port={} user={} password={} dbname=postgres", directory, port, superuser,
                                   password.reveal())));
}

// Orders by frequency and case know no language; letters beyond ASCII have upper and lower case where the system can.
Arguments initdb_arguments(const fs::path& directory, const fs::path& password_file) {
  Arguments arguments = {"--pgdata=" + directory.string(),
                         fmt::format("--username={}", superuser),
                         "--pwfile=" + password_file.string(),
                         "--auth=scram-sha-256",
                         "--encoding=UTF8",
                         "--data-checksums",  // a page that the disk has changed is an error, not an answer
                         "--no-locale"};
  if (const locale_t found = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr); found != nullptr) {
    freelocale(found);
    arguments.push_back("--lc-ctype=C.UTF-8");
  }
  return arguments;
}

bool wait_until_gone(pid_t pid, Millis timeout) {
  for (const Deadline deadline = in(timeout); is_running(pid); std::this_thread::sleep_for(poll_interval)) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
  }
  return true;
}

}  // namespace

ManagedServer::ManagedServer(ManagedOptions options, Secret master_key, Log log)
    : options_(absolute(std::move(options))),
      master_key_(std::move(master_key)),
      log_(std::move(log)),
      cluster_(options_.data_dir / "data"),
      log_file_(options_.data_dir / "server.log"),
      configuration_(configuration_for(options_)) {}

void ManagedServer::start() {
  with_context("managed Postgres", [&] {
    const OsUser user = os_user(options_.os_user);
    make_private_directory(options_.data_dir, user);
    const os::Descriptor lock = lock_server(options_.data_dir, options_.start_timeout);
    make_private_directory(configuration_.socket_directory, user);
    if (!fs::exists(cluster_)) initialise(user, find_bindir(options_.bindir, 0));
    write_configuration(user);
    trim_log(log_file_);
    if (!adopt()) {
      launch(user, find_bindir(options_.bindir, std::stoi(read_file(cluster_ / "PG_VERSION"))));
    }
    const Deadline deadline = in(call_timeout);
    const Target target(admin_conninfo());
    close_to_public(*connect(target, deadline), deadline);
  });
}

// Made beside its place and then renamed, so that a crash in between leaves nothing that looks finished.
void ManagedServer::initialise(const OsUser& user, const fs::path& bindir) {
  const fs::path fresh = options_.data_dir / "data.new";
  const fs::path password_file = options_.data_dir / "initdb.password";
  fs::remove_all(fresh);
  log_.info("making a Postgres data directory", {{"directory", cluster_.string()}, {"programs", bindir.string()}});
  write_private_file(password_file, superuser_password(master_key_).reveal(), user);
  const std::unique_ptr<const fs::path, void (*)(const fs::path*)> remover(
      &password_file, [](const fs::path* path) { unlink(path->c_str()); });
  const os::Ended result = run_program(bindir / "initdb", initdb_arguments(fresh, password_file), user, initdb_timeout);
  if (result.exit_code != 0) {
    throw Error(ErrorKind::unavailable, fmt::format("initdb ended with {}: {}", result.exit_code,
                                                    masked(result.output, superuser_password(master_key_))));
  }
  fs::rename(fresh, cluster_);
}

void ManagedServer::write_configuration(const OsUser& user) {
  const auto write_changed = [&](const fs::path& path, const std::string& content) {
    if (!fs::exists(path) || read_file(path) != content) write_private_file(path, content, user);
  };
  std::string settings = configuration_file(configuration_);
  if (const fs::path own = options_.data_dir / "local.conf"; fs::exists(own)) settings += include_line(own);
  write_changed(cluster_ / "postgresql.conf", settings);
  write_changed(cluster_ / "pg_hba.conf", access_file(configuration_));
}

void ManagedServer::launch(const OsUser& user, const fs::path& bindir) {
  end_orphans();
  remove_stale_locks();
  for (const std::string& address : configuration_.listen_addresses) require_free(address, configuration_.port);
  std::error_code no_log_yet;
  const auto size = fs::file_size(log_file_, no_log_yet);
  const pid_t pid = start_detached(bindir / "postgres", {"-D", cluster_.string()}, user, log_file_);
  wait_until_ready(pid, no_log_yet ? 0 : size);
  log_.info("started Postgres", {{"pid", std::to_string(pid)},
                                 {"port", std::to_string(configuration_.port)},
                                 {"listen", listen_addresses(configuration_)}});
}

void ManagedServer::wait_until_ready(pid_t pid, std::uintmax_t log_offset) {
  for (const Deadline deadline = in(options_.start_timeout);; std::this_thread::sleep_for(poll_interval)) {
    const auto postmaster = find_postmaster(cluster_);
    if (postmaster && postmaster->ready) return;
    if (!is_running(pid)) {
      throw Error(ErrorKind::unavailable, fmt::format("the server did not start; the end of its log {}:\n{}",
                                                      log_file_.string(), log_tail(log_file_, log_offset)));
    }
    if (std::chrono::steady_clock::now() >= deadline) {
      throw Error(ErrorKind::unavailable,
                  fmt::format("the server is not ready after {} and goes on starting; the end of its log {}:\n{}",
                              human(options_.start_timeout), log_file_.string(), log_tail(log_file_, log_offset)));
    }
  }
}

// Takes over a server that runs already. False where none does, or where it had to be ended.
bool ManagedServer::adopt() {
  const auto running = find_postmaster(cluster_);
  if (!running) return false;
  if (!running->ready) wait_until_ready(running->pid, 0);
  const Deadline deadline = in(call_timeout);
  const Target target = target_at(running->socket_directory, running->port, superuser_password(master_key_));
  const auto connection = connect(target, deadline);
  const Rows rows = connection->run(
      "SELECT name, setting FROM pg_settings WHERE name IN ('listen_addresses', 'port', 'unix_socket_directories')",
      deadline);
  bool same = true;
  for (const auto& row : rows) {
    const std::string wanted = row.at(0) == "port"               ? std::to_string(configuration_.port)
                               : row.at(0) == "listen_addresses" ? listen_addresses(configuration_)
                                                                 : configuration_.socket_directory;
    if (row.at(1) == wanted) continue;
    same = false;
    log_.warn("restarting Postgres, which ends all connections to it: a setting changed that needs it",
              {{"setting", row.at(0)}, {"was", row.at(1)}, {"becomes", wanted}});
  }
  if (!same) {
    end_server();
    return false;
  }
  put_in_force(*connection, deadline);
  return true;
}

// Has the server read its files again where they are newer than what it has read.
void ManagedServer::put_in_force(Connection& connection, Deadline deadline) {
  double changed = 0;
  for (const char* name : {"postgresql.conf", "pg_hba.conf"}) {
    struct stat entry {};
    if (stat((cluster_ / name).c_str(), &entry) != 0) continue;
    changed = std::max(changed,
                       static_cast<double>(entry.st_mtim.tv_sec) + 1e-9 * static_cast<double>(entry.st_mtim.tv_nsec));
  }
  // A file's time may be some milliseconds older than the clock said; a reload too many does no harm.
  constexpr double file_time_slack_s = 0.05;
  const std::string loaded = "SELECT extract(epoch FROM pg_conf_load_time())::text";
  const std::string before = connection.run(loaded, deadline).at(0).at(0);
  if (std::stod(before) > changed + file_time_slack_s) return;
  connection.run("SELECT pg_reload_conf()", deadline);
  log_.info("Postgres reads its changed settings; those about memory take effect when it restarts");
  // A new session has what the server has read, this one what it has been told of.
  for (const Target target(admin_conninfo()); std::chrono::steady_clock::now() < deadline;
       std::this_thread::sleep_for(poll_interval)) {
    if (connect(target, deadline)->run(loaded, deadline).at(0).at(0) != before) return;
  }
}

// Whoever has a role may by default connect to the databases that every server has; tenants have no business there.
void ManagedServer::close_to_public(Connection& connection, Deadline deadline) {
  for (const std::string& name : databases_open_to_public(connection, deadline)) {
    if (name == "postgres" || name == "template1") connection.run(close_to_public_sql(connection, name), deadline);
  }
}

void ManagedServer::stop() {
  with_context("managed Postgres: stop", [&] {
    if (!fs::exists(cluster_)) return;
    const os::Descriptor lock = lock_server(options_.data_dir, options_.start_timeout);
    end_server();
  });
}

// Ends every session, writes a checkpoint, and goes; where that takes too long, without the checkpoint.
void ManagedServer::end_server() {
  const auto running = find_postmaster(cluster_);
  if (!running) return;
  kill(running->pid, SIGINT);
  if (wait_until_gone(running->pid, options_.stop_timeout)) return;
  log_.warn("Postgres did not end in time; ending it at once, it recovers when it starts again",
            {{"pid", std::to_string(running->pid)}});
  kill(running->pid, SIGQUIT);
  if (!wait_until_gone(running->pid, options_.stop_timeout)) {
    throw Error(ErrorKind::unavailable, fmt::format("process {} does not end", running->pid));
  }
}

// After its postmaster was killed, a server's other processes may live on for as long as their statements take, and
// would keep a new one from starting.
void ManagedServer::end_orphans() {
  for (const int signal : {SIGQUIT, SIGKILL}) {
    const auto orphans = server_processes(cluster_);
    for (const pid_t pid : orphans) kill(pid, signal);
    for (const pid_t pid : orphans) wait_until_gone(pid, Millis(5'000));
  }
}

// Where the dead server's process id seems alive, Postgres takes both of its lock files for a running server's. The
// socket directory is ours alone.
void ManagedServer::remove_stale_locks() {
  if (!has_stale_pid_file(cluster_)) return;
  fs::remove(cluster_ / "postmaster.pid");
  for (const auto& entry : fs::directory_iterator(configuration_.socket_directory)) {
    if (entry.path().filename().string().starts_with(".s.PGSQL.")) fs::remove(entry.path());
  }
}

std::unique_ptr<Connection> ManagedServer::connect(const Target& target, Deadline deadline) const {
  try {
    return std::make_unique<Connection>(target, deadline, statement_timeout);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::forbidden) throw;
    throw Error(ErrorKind::conflict, fmt::format("{}; was {} made with another master key? Put that key back, or move "
                                                 "the directory away to begin anew",
                                                 error.message(), cluster_.string()));
  }
}

Secret ManagedServer::admin_conninfo() const {
  return target_at(configuration_.socket_directory, configuration_.port, superuser_password(master_key_)).conninfo();
}

std::optional<pid_t> ManagedServer::pid() const {
  const auto running = find_postmaster(cluster_);
  return running ? std::optional(running->pid) : std::nullopt;
}

}  // namespace slipway::postgres
