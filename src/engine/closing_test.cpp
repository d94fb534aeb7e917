#include "engine/sweeper.hpp"
#include "engine/test_world.hpp"

// A suspended tenant's database is closed, and every start of an instance finds an open one.
namespace slipway {
namespace {

using test::FakeDatabase;
using test::TestWorld;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Closing : testing::Test {
  Closing() { w.settle(id); }
  void ask(Action action) {
    w.tenants.change(id, action);
    w.settle(id);
  }
  TestWorld w;
  const TenantId id = w.sign_up("acme");
};

TEST_F(Closing, SuspendedMeansNoLogInAndNoSession) {
  const auto session = w.database.log_in(id);
  ASSERT_TRUE(session);
  ask(Action::suspend);
  EXPECT_EQ(w.tenant(id).status, Status::suspended);
  EXPECT_FALSE(w.database.is_alive(id, *session));
  EXPECT_FALSE(w.database.log_in(id));
  EXPECT_TRUE(w.database.exists(id));
  ask(Action::resume);
  EXPECT_TRUE(w.database.log_in(id));
  test::expect_active_once(w, id);
}

TEST_F(Closing, NobodyIsCalledSuspendedWhoseDatabaseIsOpen) {
  w.database.fail_next(FakeDatabase::Call::close, 1'000);
  w.tenants.change(id, Action::suspend);
  w.settle(id, Millis(60'000));
  EXPECT_EQ(w.tenant(id).status, Status::suspending);
  EXPECT_THAT(w.tenant(id).reason, HasSubstr("close database"));
  w.database.fail_next(FakeDatabase::Call::close, 0);
  w.settle(id);
  EXPECT_EQ(w.tenant(id).status, Status::suspended);
  EXPECT_FALSE(w.database.is_open(id));
}

TEST_F(Closing, ACloseThatIsUnderWayIsWaitedFor) {
  w.database.close_later(3);
  ask(Action::suspend);
  EXPECT_FALSE(w.database.is_open(id));
  w.database.close_later(3);
  ask(Action::resume);
  ask(Action::restart);
  EXPECT_TRUE(w.database.is_open(id));
  test::expect_active_once(w, id);
}

TEST_F(Closing, ResumedAndSuspendedAgainItIsClosedAgain) {
  ask(Action::suspend);
  w.tenants.change(id, Action::resume);
  w.look(id);
  ask(Action::suspend);
  EXPECT_FALSE(w.database.is_open(id));
}

TEST_F(Closing, ARestartAResumptionAndARetryMendTheRole) {
  for (const Action action : {Action::restart, Action::retry}) {
    w.database.change_own_password(id);
    ASSERT_FALSE(w.database.is_open(id));
    ask(action);
    EXPECT_TRUE(w.database.is_open(id));
    test::expect_active_once(w, id);
  }
  w.database.change_own_password(id);
  ask(Action::suspend);
  ask(Action::resume);
  EXPECT_TRUE(w.database.is_open(id));
}

TEST_F(Closing, ARestartEndsSessionsAndARetryDoesNot) {
  const auto session = w.database.log_in(id);
  ask(Action::retry);
  EXPECT_TRUE(w.database.is_alive(id, *session));
  ask(Action::restart);
  EXPECT_FALSE(w.database.is_alive(id, *session));
}

TEST_F(Closing, AnInstanceThatDiesAgainStartsWithAMendedRole) {
  w.database.change_own_password(id);
  for (int i = 0; i < 2; ++i) {
    w.runtime.exit(id, 1);
    w.settle(id);
  }
  EXPECT_TRUE(w.database.is_open(id));
  test::expect_active_once(w, id);
}

TEST_F(Closing, AVanishedDatabaseIsNotReplacedByAnEmptyOne) {
  ask(Action::suspend);
  w.database.lose(id);
  w.tenants.change(id, Action::resume);
  w.settle(id, Millis(60'000));
  EXPECT_FALSE(w.database.exists(id));
  EXPECT_EQ(w.tenant(id).status, Status::resuming);
  EXPECT_THAT(w.tenant(id).reason, HasSubstr("vanished"));
}

TEST_F(Closing, ASweepFindsWhoWasSuspendedByAnOlderVersion) {
  ask(Action::suspend);
  w.database.ensure(id, Plan{});
  Tenant row = w.tenant(id);
  row.database_closed = false;
  row.database_made = true;
  ASSERT_TRUE(w.store.save(row, {}, {}));
  std::vector<TenantId> woken;
  Sweeper sweeper(
      w.world, w.settings, [&](const TenantId& tenant) { woken.push_back(tenant); }, Log::silent());
  sweeper.sweep(false);
  EXPECT_THAT(woken, ElementsAre(id));
  w.settle(id);
  EXPECT_FALSE(w.database.is_open(id));
  EXPECT_EQ(w.tenant(id).status, Status::suspended);
  EXPECT_THAT(sweeper.sweep(false).drifted, IsEmpty());
}

}  // namespace
}  // namespace slipway
