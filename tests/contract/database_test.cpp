#include "tests/contract/database_contract.hpp"
#include "tests/contract/database_server.hpp"
#include "tests/fakes/fake_database.hpp"

namespace slipway::test {
namespace {

DatabaseDriver fake() {
  const auto server = std::make_shared<FakeServer>();
  DatabaseDriver driver;
  driver.name = "fake";
  driver.open = [server](const InstallationId& id) { return std::make_unique<FakeDatabase>(id, server); };
  driver.log_in = [](Database& database, const TenantId& tenant) -> DatabaseDriver::Session {
    auto& made = dynamic_cast<FakeDatabase&>(database);
    const auto session = made.log_in(tenant);
    if (!session) return {};
    return [&made, tenant, session] { return made.is_alive(tenant, *session); };
  };
  driver.spoil = [](Database& database, const TenantId& tenant) {
    dynamic_cast<FakeDatabase&>(database).change_own_password(tenant);
  };
  driver.lose = [](Database& database, const TenantId& tenant) { dynamic_cast<FakeDatabase&>(database).lose(tenant); };
  return driver;
}

// A session of the tenant's app.
struct App {
  explicit App(const DatabaseAccess& access)
      : target(Secret(fmt::format("host={} port={} user={} password={} dbname={}", access.host, access.port,
                                  access.user, access.password.reveal(), access.name))),
        connection(target, soon(), Millis(0)) {}
  static postgres::Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(30); }
  void run(const std::string& sql) { connection.run(sql, soon()); }
  postgres::Target target;
  postgres::Connection connection;
};

DatabaseDriver real() {
  DatabaseDriver driver;
  driver.name = "postgres";
  driver.open = [](const InstallationId& id) { return shared_postgres().database(id); };
  driver.log_in = [](Database& database, const TenantId& tenant) -> DatabaseDriver::Session {
    try {
      const auto app = std::make_shared<App>(database.access(tenant));
      return [app] {
        try {
          app->run("SELECT 1");
          return true;
        } catch (const Error&) {
          return false;
        }
      };
    } catch (const Error&) {
      return {};
    }
  };
  driver.spoil = [](Database& database, const TenantId& tenant) {
    const DatabaseAccess access = database.access(tenant);
    App(access).run(fmt::format("ALTER ROLE {} PASSWORD 'mine'", access.user));
    shared_postgres().ask(fmt::format("ALTER ROLE {} CONNECTION LIMIT 0", access.user));
  };
  driver.lose = [](Database& database, const TenantId& tenant) {
    shared_postgres().ask(fmt::format("DROP DATABASE {} WITH (FORCE)", database.access(tenant).name));
  };
  return driver;
}

INSTANTIATE_TEST_SUITE_P(Drivers, DatabaseContract, testing::Values(fake(), real()),
                         [](const auto& driver) { return driver.param.name; });

// What the fake can be told to do wrong.

TEST(FakeDatabaseFaults, FailsAsOftenAsToldAndThenWorks) {
  FakeDatabase database(new_installation_id());
  const TenantId tenant = new_tenant_id();
  database.fail_next(FakeDatabase::Call::ensure, 2, ErrorKind::forbidden);
  for (int i = 0; i < 2; ++i) {
    try {
      database.ensure(tenant, Plan{});
      ADD_FAILURE() << "did not fail";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::forbidden);
    }
  }
  EXPECT_TRUE(database.leaves_nothing(tenant));
  database.ensure(tenant, Plan{});
  EXPECT_TRUE(database.exists(tenant));
}

TEST(FakeDatabaseFaults, LosesAReplyAfterTheWorkIsDone) {
  FakeDatabase database(new_installation_id());
  const TenantId tenant = new_tenant_id();
  database.lose_next_reply(FakeDatabase::Call::ensure, 1);
  EXPECT_THROW(database.ensure(tenant, Plan{}), Error);
  EXPECT_TRUE(database.exists(tenant));
  database.lose_next_reply(FakeDatabase::Call::drop, 1);
  EXPECT_THROW(database.drop(tenant), Error);
  EXPECT_TRUE(database.leaves_nothing(tenant));
}

TEST(FakeDatabaseFaults, TearsAnEnsureHalfWay) {
  FakeDatabase database(new_installation_id());
  const TenantId tenant = new_tenant_id();
  database.tear_next_ensure(1);
  EXPECT_THROW(database.ensure(tenant, Plan{}), Error);
  EXPECT_FALSE(database.exists(tenant));
  EXPECT_FALSE(database.leaves_nothing(tenant));
  database.ensure(tenant, Plan{});
  EXPECT_TRUE(database.exists(tenant));
}

}  // namespace
}  // namespace slipway::test
