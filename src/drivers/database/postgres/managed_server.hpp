#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "drivers/database/postgres/connection.hpp"
#include "drivers/database/postgres/managed_files.hpp"

namespace slipway::postgres {

struct ManagedOptions {
  std::filesystem::path data_dir;  // a directory of its own, made when it is missing
  std::uint16_t port = 5433;
  std::vector<std::string> listen_addresses;  // beside 127.0.0.1: the bridge's
  std::vector<std::string> allowed_subnets;   // beside loopback: whence instances come
  std::string os_user = "postgres";           // as whom it runs where we are root
  std::filesystem::path bindir;               // empty: the newest Postgres that is found
  unsigned max_connections = 100;
  Millis start_timeout{60'000};
  Millis stop_timeout{60'000};
};

// A private Postgres server (15 or newer) for those who have none. It outlives Slipway: a later one finds it running
// and adopts it. Errors: invalid (options, no Postgres installed), conflict (port taken, another master key),
// unavailable.
class ManagedServer {
 public:
  // Does nothing yet but check the options. The superuser's password follows from `master_key`.
  ManagedServer(ManagedOptions options, Secret master_key, Log log);

  // Makes the data directory once, starts the server where it does not run, and puts changed settings in force. Cheap
  // where all is well, so that it can be called now and then to bring back a server that has died and to keep its log
  // short. Safe to call from several processes at once.
  void start();

  // Ends the server, and every connection to it. Not running is success.
  void stop();

  // For PostgresOptions::admin: the superuser, by the Unix socket.
  Secret admin_conninfo() const;

  // The server's process, where it runs.
  std::optional<pid_t> pid() const;

  const std::filesystem::path& log_file() const { return log_file_; }

 private:
  void initialise(const OsUser& user, const fs::path& bindir);
  void write_configuration(const OsUser& user);
  void launch(const OsUser& user, const fs::path& bindir);
  bool adopt();
  void put_in_force(Connection& connection, Deadline deadline);
  void close_to_public(Connection& connection, Deadline deadline);
  void end_server();
  void end_orphans();
  void remove_stale_locks();
  std::unique_ptr<Connection> connect(const Target& target, Deadline deadline) const;
  void wait_until_ready(pid_t pid, std::uintmax_t log_offset);

  const ManagedOptions options_;
  const Secret master_key_;
  const Log log_;
  const fs::path cluster_;  // what Postgres calls its data directory
  const fs::path log_file_;
  const Configuration configuration_;
};

}  // namespace slipway::postgres
