#include "drivers/database/postgres/managed_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>

#include "drivers/database/postgres/listening.hpp"
#include "drivers/database/postgres/managed_files.hpp"

#include "tests/contract/database_names.hpp"
#include "tests/contract/database_server.hpp"

namespace slipway::postgres {
namespace {

using test::TestPostgres;
using testing::HasSubstr;

std::string failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& error) {
    return fmt::format("{}: {}", to_string(error.kind()), error.message());
  }
  return "did not fail";
}

TEST(ManagedServer, RunsSmallAndClosedToTheWorld) {
  TestPostgres& server = test::shared_postgres();
  EXPECT_EQ(server.ask("SHOW shared_buffers"), "16MB");
  EXPECT_EQ(server.ask("SHOW listen_addresses"), "127.0.0.1");
  EXPECT_EQ(server.ask("SHOW log_min_error_statement"), "panic");
  EXPECT_EQ(server.ask("SHOW data_checksums"), "on");
  EXPECT_EQ(server.ask("SHOW client_connection_check_interval"), "10s");
  EXPECT_EQ(server.ask("SELECT has_database_privilege('public', 'postgres', 'CONNECT')"), "f");
  EXPECT_EQ(server.ask("SELECT has_database_privilege('public', 'template1', 'CONNECT')"), "f");
  EXPECT_EQ(server.ask("SELECT count(*) FROM pg_hba_file_rules WHERE auth_method NOT IN ('scram-sha-256', 'reject')"),
            "0");
  EXPECT_EQ(server.ask("SELECT count(*) FROM pg_authid WHERE rolpassword LIKE 'SCRAM-SHA-256$%'"), "1");
}

TEST(ManagedServer, ALaterSlipwayAdoptsTheRunningServer) {
  TestPostgres server;
  server.server().start();
  const auto pid = server.server().pid();
  ASSERT_TRUE(pid);
  EXPECT_NE(getsid(*pid), getsid(0)) << "it has a session of its own, which a signal to ours does not reach";
  const std::string started = server.ask("SELECT pg_postmaster_start_time()");
  server.renew().start();
  EXPECT_EQ(server.server().pid(), pid);
  EXPECT_EQ(server.ask("SELECT pg_postmaster_start_time()"), started);
}

TEST(ManagedServer, StartFromSeveralThreadsMakesOneServer) {
  TestPostgres server;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        ManagedServer own(server.options(), Secret("the master key of a test"), Log::silent());
        EXPECT_NO_THROW(own.start());
      });
    }
  }
  EXPECT_EQ(server.ask("SELECT 1"), "1");
}

// It is made, given away and filled, in that order; somebody else may look at any moment.
TEST(ManagedServer, ItsDirectoryIsNobodysWhileSeveralMakeIt) {
  if (geteuid() != 0) GTEST_SKIP() << "only root gives a directory away";
  const TestPostgres server;
  const OsUser user = os_user(ManagedOptions().os_user);
  for (int round = 0; round < 200; ++round) {
    const fs::path path = server.cluster().parent_path().parent_path() / fmt::format("made{}", round);
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        EXPECT_EQ(failure_of([&] { make_private_directory(path, user); }), "did not fail");
        std::ofstream(path / "lock") << "one more";
      });
    }
  }
}

TEST(ManagedServer, RecoversAfterItsPostmasterWasKilled) {
  TestPostgres server;
  server.server().start();
  const InstallationId installation = test::new_installation_id();
  const TenantId tenant = test::new_tenant_id();
  const auto database = server.database(installation);
  database->ensure(tenant, Plan{});
  const auto killed = server.server().pid();
  ASSERT_TRUE(killed);
  kill(*killed, SIGKILL);
  EXPECT_TRUE(test::becomes_true([&] { return !is_running(*killed); }));
  EXPECT_FALSE(server.server().pid());
  server.server().start();
  EXPECT_NE(server.server().pid(), killed);
  EXPECT_EQ(database->resources().size(), 2u);
}

TEST(ManagedServer, EndsWhatAKilledPostmasterLeftBusy) {
  TestPostgres server;
  server.server().start();
  const auto killed = server.server().pid();
  // It computes without ever waiting, so it does not notice by itself that the postmaster is gone.
  const std::string endless = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b";
  std::jthread busy([&] { failure_of([&] { server.ask(endless); }); });
  EXPECT_TRUE(test::becomes_true([&] {
    return server.ask("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()") ==
           "1";
  }));
  kill(*killed, SIGKILL);
  EXPECT_TRUE(test::becomes_true([&] { return !is_running(*killed); }));
  EXPECT_EQ(failure_of([&] { server.server().start(); }), "did not fail");
}

TEST(ManagedServer, AStaleProcessIdDoesNotDeceive) {
  TestPostgres server;
  server.server().start();
  server.server().stop();
  EXPECT_FALSE(server.server().pid());
  std::ofstream(server.cluster() / "postmaster.pid") << getpid() << "\n/elsewhere\n0\n5432\n\n\n\nready\n";
  EXPECT_FALSE(server.server().pid()) << "that process is this test, not a Postgres";
  server.server().start();
  EXPECT_EQ(server.ask("SELECT 1"), "1");
}

TEST(ManagedServer, ABrokenOffInitdbIsBegunAnew) {
  TestPostgres server;
  std::filesystem::create_directories(server.options().data_dir);
  server.server().start();
  server.server().stop();
  std::filesystem::rename(server.cluster(), server.options().data_dir / "data.new");
  std::filesystem::remove(server.options().data_dir / "data.new" / "PG_VERSION");
  server.server().start();
  EXPECT_EQ(server.ask("SELECT 1"), "1");
  EXPECT_FALSE(std::filesystem::exists(server.options().data_dir / "data.new"));
}

TEST(ManagedServer, ATakenPortIsSaidInWords) {
  TestPostgres server;
  server.options().port = test::shared_postgres().options().port;
  server.renew();
  EXPECT_THAT(failure_of([&] { server.server().start(); }),
              testing::AllOf(HasSubstr("conflict"), HasSubstr(fmt::format("port {}", server.options().port)),
                             HasSubstr("taken by another program")));
}

TEST(ManagedServer, AServerThatDoesNotStartShowsTheEndOfItsLog) {
  TestPostgres server;
  server.server().start();
  server.server().stop();
  std::ofstream(server.options().data_dir / "local.conf") << "work_mem = nonsense\n";
  EXPECT_THAT(failure_of([&] { server.server().start(); }),
              testing::AllOf(HasSubstr("unavailable"), HasSubstr("work_mem"), HasSubstr("nonsense")));
}

TEST(ManagedServer, AnotherMasterKeyIsNoticed) {
  TestPostgres& server = test::shared_postgres();
  ManagedServer other(server.options(), Secret("another key"), Log::silent());
  EXPECT_THAT(failure_of([&] { other.start(); }),
              testing::AllOf(HasSubstr("conflict"), HasSubstr("another master key")));
}

TEST(ManagedServer, NewSubnetsNeedNoRestartNewAddressesDo) {
  TestPostgres server;
  server.server().start();
  const auto first = server.server().pid();
  server.options().allowed_subnets = {"172.30.0.0/16"};
  server.renew().start();
  EXPECT_EQ(server.server().pid(), first);
  EXPECT_EQ(server.ask("SELECT count(*) FROM pg_hba_file_rules WHERE address = '172.30.0.0' AND 'sameuser' = ANY "
                       "(database)"),
            "1");
  // What the server has in force, not only what its file says: a session is refused for its password, not its address.
  server.options().listen_addresses = {"127.0.0.2"};
  server.renew().start();
  EXPECT_NE(server.server().pid(), first);
  EXPECT_THAT(failure_of([&] { require_free("127.0.0.2", server.options().port); }), HasSubstr("taken"));
}

TEST(ManagedServer, AChangedSettingIsInForceWhenStartReturns) {
  TestPostgres server;
  server.server().start();
  const auto pid = server.server().pid();
  const Target tcp(Secret(fmt::format("host=127.0.0.1 port={} user=slipway password=wrong", server.options().port)));
  const auto attempt = [&] {
    return failure_of([&] { Connection(tcp, std::chrono::steady_clock::now() + std::chrono::seconds(10), Millis(0)); });
  };
  EXPECT_THAT(attempt(), HasSubstr("password authentication failed"));
  std::filesystem::rename(server.cluster() / "pg_hba.conf", server.cluster() / "pg_hba.old");
  std::ofstream(server.cluster() / "pg_hba.conf") << "local all slipway scram-sha-256\nhost all all all reject\n";
  std::filesystem::permissions(server.cluster() / "pg_hba.conf", std::filesystem::perms(0644));
  server.ask("SELECT pg_reload_conf()");
  EXPECT_TRUE(test::becomes_true([&] { return attempt().find("rejects connection") != std::string::npos; }));
  server.renew().start();
  EXPECT_THAT(attempt(), HasSubstr("password authentication failed")) << "start put the right file in force";
  EXPECT_EQ(server.server().pid(), pid);
}

TEST(ManagedServer, AMovedPortIsFollowed) {
  TestPostgres server;
  server.server().start();
  server.options().port = test::free_port();
  server.renew().start();
  EXPECT_EQ(server.ask("SHOW port"), std::to_string(server.options().port));
}

TEST(ManagedServer, ADirectoryWithALongNameHasItsSocketElsewhere) {
  TestPostgres server;
  server.options().data_dir = server.options().data_dir.parent_path() / std::string(120, 'x') / "postgres";
  server.renew().start();
  EXPECT_EQ(server.ask("SELECT 1"), "1");
  const fs::path elsewhere = server.ask("SHOW unix_socket_directories");
  EXPECT_LT(elsewhere.string().size(), 91u);
  server.server().stop();
  fs::remove_all(elsewhere);
}

TEST(ManagedServer, DirectoriesThatDoNotFitAreRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root runs Postgres as somebody else";
  const test::TemporaryDirectory directory;
  ManagedOptions options;
  options.port = test::free_port();
  std::filesystem::create_directory(directory.path() / "closed");
  std::filesystem::permissions(directory.path() / "closed", std::filesystem::perms(0700));
  options.data_dir = directory.path() / "closed" / "postgres";
  EXPECT_THAT(failure_of([&] { ManagedServer(options, Secret("k"), Log::silent()).start(); }),
              testing::AllOf(HasSubstr("invalid"), HasSubstr("may not enter")));
  // Somebody's own directory is not taken over.
  options.data_dir = directory.path();
  EXPECT_THAT(failure_of([&] { ManagedServer(options, Secret("k"), Log::silent()).start(); }),
              testing::AllOf(HasSubstr("invalid"), HasSubstr("belongs to somebody else")));
}

TEST(ManagedServer, WrongOptionsAreRefusedAtOnce) {
  ManagedOptions options;
  options.data_dir = "/nowhere";
  options.listen_addresses = {"127.0.0.1', x='"};
  EXPECT_THAT(failure_of([&] { ManagedServer(options, Secret("k"), Log::silent()); }), HasSubstr("not an IP address"));
  options.listen_addresses.clear();
  options.allowed_subnets = {"172.30.0.0/33"};
  EXPECT_THAT(failure_of([&] { ManagedServer(options, Secret("k"), Log::silent()); }), HasSubstr("not a subnet"));
}

TEST(ManagedServer, TheLogIsKeptShort) {
  const test::TemporaryDirectory directory;
  const auto log = directory.path() / "server.log";
  {
    std::ofstream file(log);
    for (int i = 0; i < 100'000; ++i) file << i << " a line of fifty characters or so, as a server writes\n";
  }
  trim_log(log);
  EXPECT_LT(std::filesystem::file_size(log), 300u << 10);
  EXPECT_THAT(log_tail(log, 0), HasSubstr("99999 a line"));
}

// A reader that follows the file to its end would read all that is written meanwhile, into memory.
TEST(ManagedServerLog, IsTrimmedWhileItGrowsFasterThanItCanBeRead) {
  const test::TemporaryDirectory directory;
  const auto log = directory.path() / "server.log";
  const std::string flood(4 << 20, 'x');
  constexpr std::size_t floods_at_most = 100;
  std::ofstream(log) << flood << flood;
  std::atomic<bool> trimmed = false;
  std::atomic<std::size_t> written = 0;
  std::jthread writer([&] {
    for (std::ofstream file(log, std::ios::app); !trimmed && written < floods_at_most; ++written) file << flood;
  });
  EXPECT_TRUE(test::becomes_true([&] { return written > 0; }));
  trim_log(log);
  trimmed = true;
  EXPECT_LT(written, floods_at_most);
}

}  // namespace
}  // namespace slipway::postgres
