#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <latch>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.hpp"
#include "contracts/database.hpp"
#include "tests/contract/database_names.hpp"

// What every driver of databases must do. A driver's test instantiates the suite with a way to open it.
namespace slipway::test {

struct DatabaseDriver {
  std::string name;
  // A driver for this installation; all that are opened share one server.
  std::function<std::unique_ptr<Database>(const InstallationId&)> open;
  // What a tenant's app does with that password. A log-in gives a way to ask whether the session still lives; nothing
  // where it is refused.
  using Session = std::function<bool()>;
  std::function<Session(Database&, const TenantId&)> log_in;
  // Gives the role another password by its own means, and takes all of its connections away.
  std::function<void(Database&, const TenantId&)> spoil;
  // The database is gone, the role is there.
  std::function<void(Database&, const TenantId&)> lose;
};

inline void PrintTo(const DatabaseDriver& driver, std::ostream* out) { *out << driver.name; }

// "database sw_…", sorted: what a driver says is there.
inline std::vector<std::string> names_of(const std::vector<Resource>& resources) {
  std::vector<std::string> names;
  for (const Resource& resource : resources) names.push_back(resource.kind + " " + resource.name);
  std::sort(names.begin(), names.end());
  return names;
}

class DatabaseContract : public testing::TestWithParam<DatabaseDriver> {
 protected:
  DatabaseContract() : database_(GetParam().open(ours_)), neighbour_(GetParam().open(theirs_)) {}
  ~DatabaseContract() override {
    for (Database* database : {database_.get(), neighbour_.get()}) {
      for (const Resource& left : database->resources()) database->discard(left);
    }
  }

  std::vector<std::string> both(const InstallationId& installation, const TenantId& tenant) const {
    const std::string name = resource_name(installation, tenant);
    return {"database " + name, "role " + name};
  }

  // Runs `work` in this many threads at once.
  static void in_threads(int count, const std::function<void(int)>& work) {
    std::latch together(count);
    std::vector<std::jthread> threads;
    for (int i = 0; i < count; ++i) {
      threads.emplace_back([&, i] {
        together.arrive_and_wait();
        EXPECT_NO_THROW(work(i));
      });
    }
  }

  const InstallationId ours_ = new_installation_id();
  const InstallationId theirs_ = new_installation_id();
  const Plan plan_;
  const std::unique_ptr<Database> database_;
  const std::unique_ptr<Database> neighbour_;
};

TEST_P(DatabaseContract, AccessIsTheSameEachTimeAndItsOwnForEachTenant) {
  const TenantId ann = new_tenant_id();
  const TenantId bob = new_tenant_id();
  const DatabaseAccess access = database_->access(ann);
  EXPECT_EQ(access.name, resource_name(ours_, ann));
  EXPECT_EQ(access.user, resource_name(ours_, ann));
  EXPECT_FALSE(access.host.empty());
  EXPECT_GE(access.password.reveal().size(), 32u);
  EXPECT_EQ(access.password.reveal(), GetParam().open(ours_)->access(ann).password.reveal());
  EXPECT_NE(access.password.reveal(), database_->access(bob).password.reveal());
  EXPECT_THAT(database_->resources(), testing::IsEmpty());
}

TEST_P(DatabaseContract, PasswordsFitIntoAnyUrl) {
  const std::string password = database_->access(new_tenant_id()).password.reveal();
  EXPECT_EQ(password.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"),
            std::string::npos);
}

TEST_P(DatabaseContract, EnsureMakesOneRoleAndOneDatabaseHoweverOften) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant));
  database_->ensure(tenant, plan_);
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant));
  for (const Resource& resource : database_->resources()) EXPECT_EQ(resource.tenant, tenant);
}

TEST_P(DatabaseContract, EnsureOfOneTenantFromEightThreadsMakesOne) {
  const TenantId tenant = new_tenant_id();
  in_threads(8, [&](int) { database_->ensure(tenant, plan_); });
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant));
}

TEST_P(DatabaseContract, EnsureOfOneTenantFromTwoProgramsMakesOne) {
  const TenantId tenant = new_tenant_id();
  const auto other_program = GetParam().open(ours_);
  in_threads(6, [&](int i) { (i % 2 == 0 ? database_ : other_program)->ensure(tenant, plan_); });
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant));
}

TEST_P(DatabaseContract, EnsureOfManyTenantsAtOnceMakesEach) {
  std::vector<TenantId> tenants;
  for (int i = 0; i < 8; ++i) tenants.push_back(new_tenant_id());
  in_threads(8, [&](int i) { database_->ensure(tenants[static_cast<std::size_t>(i)], plan_); });
  EXPECT_EQ(database_->resources().size(), 16u);
}

TEST_P(DatabaseContract, CloseEndsSessionsAndRefusesLogInsUntilEnsureOpensIt) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  const auto before = GetParam().log_in(*database_, tenant);
  ASSERT_TRUE(before && before());
  for (int i = 0; i < 2; ++i) {  // twice is once
    EXPECT_EQ(database_->close(tenant), CallResult::done);
    EXPECT_FALSE(before());
    EXPECT_FALSE(GetParam().log_in(*database_, tenant));
  }
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant)) << "the data stays";
  database_->ensure(tenant, plan_, IfMissing::refuse);
  const auto after = GetParam().log_in(*database_, tenant);
  EXPECT_TRUE(after && after());
}

TEST_P(DatabaseContract, CloseEndsSessionsThatComeBackAgainAndAgain) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  std::mutex mutex;
  std::vector<DatabaseDriver::Session> sessions;
  std::latch began(3);
  std::vector<std::jthread> apps;
  for (int i = 0; i < 2; ++i) {
    apps.emplace_back([&, first = true](std::stop_token stop) mutable {
      while (!stop.stop_requested()) {
        auto session = GetParam().log_in(*database_, tenant);
        if (std::exchange(first, false)) began.count_down();
        if (!session) continue;
        std::lock_guard lock(mutex);
        if (sessions.size() > 3) sessions.erase(sessions.begin());
        sessions.push_back(std::move(session));
      }
    });
  }
  began.arrive_and_wait();
  EXPECT_EQ(database_->close(tenant), CallResult::done);
  EXPECT_FALSE(GetParam().log_in(*database_, tenant));
  apps.clear();
  for (const auto& session : sessions) EXPECT_FALSE(session());
}

TEST_P(DatabaseContract, CloseOfOneTenantSparesAnotherAndOfNobodySucceeds) {
  const TenantId ann = new_tenant_id();
  const TenantId bob = new_tenant_id();
  database_->ensure(ann, plan_);
  database_->ensure(bob, plan_);
  const auto session = GetParam().log_in(*database_, bob);
  EXPECT_EQ(database_->close(ann), CallResult::done);
  EXPECT_EQ(database_->close(new_tenant_id()), CallResult::done);
  EXPECT_TRUE(session && session());
  EXPECT_EQ(database_->resources().size(), 4u);
}

TEST_P(DatabaseContract, EnsureMendsWhatTheRoleChanged) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  GetParam().spoil(*database_, tenant);
  EXPECT_FALSE(GetParam().log_in(*database_, tenant));
  database_->ensure(tenant, plan_, IfMissing::refuse);
  EXPECT_TRUE(GetParam().log_in(*database_, tenant));
}

TEST_P(DatabaseContract, EnsurePutsNothingInThePlaceOfWhatHasVanished) {
  const TenantId tenant = new_tenant_id();
  const auto refused = [&] {
    try {
      database_->ensure(tenant, plan_, IfMissing::refuse);
      return false;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::not_found) << error.message();
      EXPECT_THAT(error.message(), testing::HasSubstr("vanished"));
      return true;
    }
  };
  EXPECT_TRUE(refused());
  EXPECT_THAT(database_->resources(), testing::IsEmpty());
  database_->ensure(tenant, plan_);
  GetParam().lose(*database_, tenant);
  EXPECT_TRUE(refused());
  EXPECT_EQ(database_->resources().size(), 1u) << "the role";
}

TEST_P(DatabaseContract, DropLeavesNothingHoweverOften) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  database_->drop(tenant);
  EXPECT_THAT(database_->resources(), testing::IsEmpty());
  database_->drop(tenant);
  database_->drop(new_tenant_id());
  EXPECT_THAT(database_->resources(), testing::IsEmpty());
}

TEST_P(DatabaseContract, DropFromFourThreadsSucceedsInEach) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  in_threads(4, [&](int) { database_->drop(tenant); });
  EXPECT_THAT(database_->resources(), testing::IsEmpty());
}

TEST_P(DatabaseContract, DropSparesOtherTenants) {
  const TenantId ann = new_tenant_id();
  const TenantId bob = new_tenant_id();
  database_->ensure(ann, plan_);
  database_->ensure(bob, plan_);
  database_->drop(ann);
  EXPECT_EQ(names_of(database_->resources()), both(ours_, bob));
}

TEST_P(DatabaseContract, EnsureAfterDropMakesItAnew) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  database_->drop(tenant);
  database_->ensure(tenant, plan_);
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant));
}

TEST_P(DatabaseContract, TwoInstallationsDoNotSeeEachOther) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  neighbour_->ensure(tenant, plan_);
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant));
  EXPECT_EQ(names_of(neighbour_->resources()), both(theirs_, tenant));
  database_->drop(tenant);
  EXPECT_THAT(database_->resources(), testing::IsEmpty());
  EXPECT_EQ(names_of(neighbour_->resources()), both(theirs_, tenant));
}

TEST_P(DatabaseContract, DiscardInAnyOrderLeavesNothing) {
  for (const bool role_first : {true, false}) {
    const TenantId tenant = new_tenant_id();
    database_->ensure(tenant, plan_);
    const std::string name = resource_name(ours_, tenant);
    std::vector<std::string> kinds = {"database", "role"};
    if (role_first) std::reverse(kinds.begin(), kinds.end());
    for (const std::string& kind : kinds) database_->discard({kind, name, tenant});
    EXPECT_THAT(database_->resources(), testing::IsEmpty());
    EXPECT_NO_THROW(database_->discard({"role", name, tenant})) << "not there is success";
  }
}

TEST_P(DatabaseContract, DiscardRefusesWhatIsNotOurs) {
  const TenantId tenant = new_tenant_id();
  database_->ensure(tenant, plan_);
  neighbour_->ensure(tenant, plan_);
  const std::string own = resource_name(ours_, tenant);
  const std::string foreign = resource_name(theirs_, tenant);
  const std::vector<Resource> refused = {{"database", foreign, tenant},    {"role", foreign, tenant},
                                         {"database", "postgres", tenant}, {"container", own, tenant},
                                         {"database", own + "x", tenant},  {"role", "", tenant}};
  for (const Resource& resource : refused) {
    try {
      database_->discard(resource);
      ADD_FAILURE() << resource.kind << " " << resource.name << " was discarded";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid) << error.message();
    }
  }
  EXPECT_EQ(names_of(database_->resources()), both(ours_, tenant));
  EXPECT_EQ(names_of(neighbour_->resources()), both(theirs_, tenant));
}

TEST_P(DatabaseContract, CheckNamesTheServer) { EXPECT_THAT(database_->check(), testing::HasSubstr(" ")); }

}  // namespace slipway::test
