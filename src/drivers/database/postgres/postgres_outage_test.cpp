#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/contract/database_names.hpp"
#include "tests/contract/database_server.hpp"

// A server that goes away, comes back, or never answers; and where a password must never be seen.
namespace slipway::postgres {
namespace {

using test::TestPostgres;
using testing::HasSubstr;
using testing::Not;

class OutageTest : public testing::Test {
 protected:
  static Error failure_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      return error;
    }
    return Error(ErrorKind::internal, "did not fail");
  }

  const InstallationId installation_ = test::new_installation_id();
  const TenantId tenant_ = test::new_tenant_id();
};

TEST_F(OutageTest, ARestartBetweenCallsIsNotNoticed) {
  TestPostgres server;
  server.server().start();
  const auto database = server.database(installation_);
  database->ensure(tenant_, Plan{});
  server.server().stop();
  server.server().start();
  EXPECT_NO_THROW(database->ensure(tenant_, Plan{}));
  EXPECT_EQ(database->resources().size(), 2u);
}

TEST_F(OutageTest, SessionsThatDiedTogetherAreAllReplaced) {
  TestPostgres& server = test::shared_postgres();
  const auto database = server.database(installation_);
  for (int round = 0; round < 3; ++round) {
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 4; ++i) threads.emplace_back([&] { EXPECT_NO_THROW(database->check()); });
    }
    server.ask(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'slipway' "
        "AND pid <> pg_backend_pid()");
    EXPECT_NO_THROW(database->check());
  }
}

TEST_F(OutageTest, AServerThatIsGoneIsUnavailableInWords) {
  TestPostgres server;
  server.server().start();
  const auto database = server.database(installation_);
  database->check();
  server.server().stop();
  const Error error = failure_of([&] { database->ensure(tenant_, Plan{}); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_THAT(error.message(), HasSubstr("make database " + resource_name(installation_, tenant_) + ": Postgres at"));
}

// Accepts connections, never answers.
class SilentServer {
 public:
  SilentServer() : port_(test::free_port()), fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
  }
  ~SilentServer() { close(fd_); }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_;
  int fd_;
};

TEST_F(OutageTest, AServerThatNeverAnswersIsGivenUpAtTheDeadline) {
  const SilentServer silent;
  PostgresOptions options;
  options.admin = Secret(fmt::format("postgresql://admin:open-sesame@127.0.0.1:{}/postgres", silent.port()));
  options.connect_timeout = Millis(300);
  PostgresDatabase database(options, installation_, Secret("key"), 1);
  const auto begun = std::chrono::steady_clock::now();
  const Error error = failure_of([&] { database.check(); });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_THAT(error.message(), HasSubstr("did not answer"));
  EXPECT_THAT(error.message(), Not(HasSubstr("open-sesame")));
}

TEST_F(OutageTest, AServerThatFreezesDuringACallIsGivenUpAtTheDeadline) {
  TestPostgres server;
  server.server().start();
  PostgresOptions options = server.database_options();
  options.call_timeout = Millis(1'000);
  PostgresDatabase database(options, installation_, Secret("key"), 1);
  database.check();
  const auto processes = server_processes(server.cluster());
  for (const pid_t pid : processes) kill(pid, SIGSTOP);
  const auto begun = std::chrono::steady_clock::now();
  const Error error = failure_of([&] { database.ensure(tenant_, Plan{}); });
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(5));
  for (const pid_t pid : processes) kill(pid, SIGCONT);
  EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.message();
  EXPECT_THAT(error.message(), HasSubstr("did not answer in time"));
  EXPECT_TRUE(test::becomes_true([&] { return failure_of([&] { database.check(); }).message() == "did not fail"; }));
}

TEST_F(OutageTest, AWrongAdminPasswordIsForbiddenAndNotRepeated) {
  PostgresOptions options = test::shared_postgres().database_options();
  options.admin = Secret(fmt::format("host=127.0.0.1 port={} user=slipway password=open-sesame", options.tenant_port));
  PostgresDatabase database(options, installation_, Secret("key"), 1);
  const Error error = failure_of([&] { database.check(); });
  EXPECT_EQ(error.kind(), ErrorKind::forbidden);
  EXPECT_THAT(error.message(), HasSubstr("password authentication failed"));
  EXPECT_THAT(error.message(), Not(HasSubstr("open-sesame")));
}

TEST_F(OutageTest, AnUnreadableConnectionStringIsNotRepeated) {
  PostgresOptions options;
  options.admin = Secret("postgresql://admin:open sesame@host/x?nonsense=%zz");
  const Error error = failure_of([&] { PostgresDatabase(options, installation_, Secret("key"), 1); });
  EXPECT_EQ(error.kind(), ErrorKind::invalid);
  EXPECT_THAT(error.message(), Not(HasSubstr("sesame")));
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Command lines and environments of every process, ours too.
// Of a process that ends meanwhile, what could be read until then: an ifstream would throw.
std::string read_of(const fs::path& path) {
  std::string text;
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char piece[4096];
  for (ssize_t n; file >= 0 && (n = ::read(file, piece, sizeof piece)) > 0;) text.append(piece, static_cast<size_t>(n));
  if (file >= 0) ::close(file);
  return text;
}

std::string process_list() {
  std::string all;
  std::error_code ignored;
  for (fs::directory_iterator entry("/proc", ignored), end; entry != end; entry.increment(ignored)) {
    const fs::path path = entry->path();
    if (path.filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    all += read_of(path / "cmdline") + read_of(path / "environ");
  }
  return all;
}

TEST_F(OutageTest, PasswordsAreSeenNowhere) {
  TestPostgres server;
  std::string processes;
  {
    std::jthread watcher([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) processes += process_list();
    });
    server.server().start();
    server.ask("ALTER SYSTEM SET log_statement = 'all'");
    server.ask("ALTER SYSTEM SET log_min_messages = 'info'");
    server.ask("ALTER SYSTEM SET log_min_error_statement = 'error'");
    server.ask("SELECT pg_reload_conf()");
    EXPECT_TRUE(test::becomes_true([&] { return server.ask("SHOW log_statement") == "all"; }));
    server.database(installation_)->ensure(tenant_, Plan{});
  }
  const auto database = server.database(installation_);
  database->ensure(tenant_, Plan{});
  const std::string activity = server.ask("SELECT string_agg(query, ' ') FROM pg_stat_activity");
  const std::string log = content_of(server.server().log_file());
  ASSERT_THAT(log, HasSubstr("CREATE DATABASE"));
  ASSERT_THAT(log, HasSubstr("PASSWORD 'SCRAM-SHA-256$"));
  ASSERT_THAT(processes, HasSubstr("initdb"));
  const std::string tenants = database->access(tenant_).password.reveal();
  const Target admin(server.server().admin_conninfo());
  for (const std::string& password : {tenants, admin.password().reveal()}) {
    ASSERT_EQ(password.size(), 64u);
    EXPECT_EQ(log.find(password), std::string::npos);
    EXPECT_EQ(activity.find(password), std::string::npos);
    EXPECT_EQ(processes.find(password), std::string::npos);
  }
  for (const auto& entry : fs::recursive_directory_iterator(server.options().data_dir)) {
    EXPECT_THAT(entry.path().filename().string(), Not(HasSubstr("initdb")));
  }
}

}  // namespace
}  // namespace slipway::postgres
