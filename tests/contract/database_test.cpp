#include "tests/contract/database_contract.hpp"
#include "tests/contract/database_server.hpp"
#include "tests/fakes/fake_database.hpp"

namespace slipway::test {
namespace {

DatabaseDriver fake() {
  const auto server = std::make_shared<FakeServer>();
  return {"fake", [server](const InstallationId& id) { return std::make_unique<FakeDatabase>(id, server); }};
}

DatabaseDriver real() {
  return {"postgres", [](const InstallationId& id) { return shared_postgres().database(id); }};
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
