#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>

#include "base/error.hpp"
#include "drivers/database/postgres/managed_server.hpp"
#include "drivers/database/postgres/postgres_database.hpp"

// A real Postgres server for tests.
namespace slipway::test {

// A port on which nobody listened a moment ago.
inline std::uint16_t free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
  close(fd);
  return ntohs(address.sin_port);
}

// Waits until `condition` is true; false after 20 seconds.
template <class Condition>
bool becomes_true(Condition condition) {
  for (const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20); !condition();) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(Millis(2));
  }
  return true;
}

// A directory that anyone may enter and that is gone with this object.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = place() / "slipway-postgres-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw Error(ErrorKind::internal, "no temporary directory");
    path_ = name;
    chmod(name.c_str(), 0755);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  // In memory where there is room: a new cluster is some 60 MB that are flushed to disk again and again.
  static std::filesystem::path place() {
    std::error_code error;
    const bool has_room = std::filesystem::space("/dev/shm", error).available > (1ull << 30) && !error;
    return has_room && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : std::filesystem::temp_directory_path();
  }

  std::filesystem::path path_;
};

// A managed server in a temporary directory, on a port of its own, not yet started. It is gone with this object, and
// also where the test program crashes or is killed: a process that waits for our end sees to that.
class TestPostgres {
 public:
  TestPostgres() {
    options_.data_dir = directory_.path() / "postgres";
    options_.port = free_port();
    watch_over();
    renew();
  }
  TestPostgres(const TestPostgres&) = delete;
  TestPostgres& operator=(const TestPostgres&) = delete;
  ~TestPostgres() {
    end_server();
    kill(guard_, SIGKILL);
    waitpid(guard_, nullptr, 0);
    close(lifeline_);
  }

  // A new ManagedServer with these options on the same directory, as after a restart of Slipway.
  postgres::ManagedServer& renew() {
    server_ = std::make_unique<postgres::ManagedServer>(options_, master_key_, log_);
    return *server_;
  }
  postgres::ManagedServer& server() { return *server_; }
  postgres::ManagedOptions& options() { return options_; }
  std::filesystem::path cluster() const { return options_.data_dir / "data"; }

  postgres::PostgresOptions database_options() const {
    postgres::PostgresOptions options;
    options.admin = server_->admin_conninfo();
    options.tenant_host = [] { return "127.0.0.1"; };
    options.tenant_port = options_.port;
    return options;
  }
  std::unique_ptr<postgres::PostgresDatabase> database(const InstallationId& installation,
                                                       std::uint32_t key_generation = 1) const {
    return std::make_unique<postgres::PostgresDatabase>(database_options(), installation, master_key_, key_generation);
  }

  // What a statement of the superuser answers: the first column of the first row, or nothing.
  std::string ask(const std::string& sql) const {
    const postgres::Target target(server_->admin_conninfo());
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const postgres::Rows rows = postgres::Connection(target, deadline, Millis(30'000)).run(sql, deadline);
    return rows.empty() ? "" : rows.at(0).at(0);
  }

 private:
  void end_server() {
    for (const pid_t pid : postgres::server_processes(cluster())) kill(pid, SIGQUIT);
    becomes_true([&] { return postgres::server_processes(cluster()).empty(); });
  }

  void watch_over() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) throw Error(ErrorKind::internal, "no pipe");
    guard_ = fork();
    if (guard_ == 0) {
      setsid();
      close(ends[1]);
      char nothing;
      while (read(ends[0], &nothing, 1) < 0 && errno == EINTR) {
      }
      end_server();
      std::error_code ignored;
      std::filesystem::remove_all(directory_.path(), ignored);
      _exit(0);
    }
    close(ends[0]);
    lifeline_ = ends[1];
  }

  TemporaryDirectory directory_;
  Secret master_key_{"the master key of a test"};
  Log log_ = Log::silent();
  postgres::ManagedOptions options_;
  std::unique_ptr<postgres::ManagedServer> server_;
  pid_t guard_ = 0;
  int lifeline_ = -1;
};

// One running server for all tests of a program.
inline TestPostgres& shared_postgres() {
  static const std::unique_ptr<TestPostgres> postgres = [] {
    auto made = std::make_unique<TestPostgres>();
    made->server().start();
    made->ask("ALTER SYSTEM SET fsync = off");  // a test's data need not survive a power cut
    made->ask("SELECT pg_reload_conf()");
    return made;
  }();
  return *postgres;
}

}  // namespace slipway::test
