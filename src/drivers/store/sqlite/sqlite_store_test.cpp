#include "drivers/store/sqlite/sqlite_store.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <set>
#include <thread>

#include "contracts/idempotency.hpp"
#include "drivers/store/sqlite/schema.hpp"
#include "drivers/store/sqlite/test_support.hpp"

namespace slipway::sqlite::test {
namespace {

using testing::HasSubstr;

Options range(std::uint16_t first, std::uint16_t last) { return {Port(first), Port(last), Millis(5'000)}; }

void execute(const std::string& path, const std::string& sql) {
  Connection ledger(path, Connection::Mode::write, Millis(5'000));
  ledger.execute(sql.c_str());
}

TEST(SqliteStore, EverythingSurvivesCloseAndReopen) {
  const Scratch scratch;
  std::string row, installation;
  {
    SqliteStore store(scratch.path());
    create(store, 1);
    row = to_document(*store.claim(id_of(1), {"one", t0 + Millis(30)}, t0));
    store.append(id_of(1), {0, t0, "progress", "", "half way", Millis(7)});
    installation = store.installation().value();
    Object release{"release", "r_1", "shop:1"};
    ASSERT_TRUE(store.put(release));
    ASSERT_TRUE(store.put(release));
  }
  SqliteStore store(scratch.path());
  EXPECT_EQ(to_document(*store.find(id_of(1))), row);
  EXPECT_EQ(store.installation().value(), installation);
  EXPECT_EQ(store.ports(t0).size(), 1u);
  EXPECT_EQ(store.events(id_of(1), 0, 10).back().message, "half way");
  EXPECT_EQ(store.next_due(), t0 + Millis(30));
  EXPECT_TRUE(std::holds_alternative<Existing>(store.sign_up(wanted(1), t0)));
  EXPECT_EQ(store.object("release", "r_1")->document, "shop:1");
  EXPECT_EQ(store.object("release", "r_1")->version, 2u);
}

TEST(SqliteStore, TwoLedgersHaveTwoNames) {
  const Scratch scratch;
  EXPECT_NE(SqliteStore(scratch.path("a")).installation(), SqliteStore(scratch.path("b")).installation());
}

TEST(SqliteStore, OnlyItsOwnerMayReadTheFiles) {
  const Scratch scratch;
  std::ofstream(scratch.path()) << "";  // made by somebody with a generous umask
  ASSERT_EQ(::chmod(scratch.path().c_str(), 0666), 0);
  SqliteStore store(scratch.path());
  create(store, 1);
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(scratch.folder)) {
    struct stat status {};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u) << entry.path();
    ++files;
  }
  EXPECT_GE(files, 2u) << "the ledger and its log";
}

TEST(SqliteStore, TwoProcessesShareOneLedger) {
  const Scratch scratch;
  SqliteStore one(scratch.path()), two(scratch.path());
  EXPECT_EQ(one.installation(), two.installation());
  constexpr int count = 40;
  for (int n = 0; n < count; ++n) create(n % 2 == 0 ? one : two, n);
  EXPECT_EQ(one.list({}).size(), std::size_t{count});
  EXPECT_EQ(two.ports(t0).size(), std::size_t{count});

  std::set<TenantId> claimed[2];
  {
    std::vector<std::jthread> workers;
    for (const int i : {0, 1}) {
      workers.emplace_back([&, i] {
        SqliteStore& store = i == 0 ? one : two;
        for (const TenantId& id : store.due(t0, count)) {
          if (store.claim(id, {"worker" + std::to_string(i), t0 + Millis(1000)}, t0)) claimed[i].insert(id);
        }
      });
    }
  }
  for (const TenantId& id : claimed[0]) EXPECT_FALSE(claimed[1].contains(id)) << "both work on " << id.value();
  EXPECT_EQ(claimed[0].size() + claimed[1].size(), std::size_t{count});
}

TEST(SqliteStore, ALedgerMayBeOpenedFirstByManyAtOnce) {
  for (int round = 0; round < 50; ++round) {
    const Scratch scratch;
    std::set<std::string> seen;
    std::mutex mutex;
    {
      std::vector<std::jthread> openers;
      for (int i = 0; i < 4; ++i) {
        openers.emplace_back([&] {
          std::string name;
          try {
            name = SqliteStore(scratch.path()).installation().value();
          } catch (const Error& error) {
            name = error.what();
          }
          std::lock_guard lock(mutex);
          seen.insert(name);
        });
      }
    }
    ASSERT_THAT(seen, testing::ElementsAre(testing::MatchesRegex("[0-9a-z]{6}"))) << round;
  }
}

TEST(SqliteStore, ForgottenKeysDoNotPileUp) {
  const Scratch scratch;
  SqliteStore store(scratch.path());
  const auto keys = [&] {
    Connection ledger(scratch.path(), Connection::Mode::read, Millis(5'000));
    Query query(ledger, "SELECT count(*) FROM idempotency_keys");
    return query.step() ? query.integer(0) : -1;
  };
  const auto sign_up = [&](int n, TimePoint now) {
    ASSERT_TRUE(std::holds_alternative<Created>(store.sign_up(wanted(n), now)));
  };
  for (int n = 0; n < 40; ++n) sign_up(n, t0);
  EXPECT_EQ(keys(), 40);
  for (int n = 40; n < 60; ++n) sign_up(n, t0 + key_life);
  EXPECT_EQ(keys(), 20) << "what was forgotten is gone before as many have come again";
}

TEST(SqliteStore, AnOlderLedgerIsMigratedWithWhatItKnows) {
  const Scratch scratch;
  {
    SqliteStore store(scratch.path());
    Tenant tenant = create(store, 1);
    tenant.first_ready_at = t0 + Millis(4'000);
    ASSERT_TRUE(store.save(tenant, {}, std::nullopt));
  }
  execute(scratch.path(), "DROP INDEX idempotency_keys_age");
  execute(scratch.path(), "DROP INDEX tenants_ready");
  execute(scratch.path(), "DROP INDEX tenants_mail_owed");
  execute(scratch.path(), "ALTER TABLE tenants DROP COLUMN ready_at");
  execute(scratch.path(), "ALTER TABLE tenants DROP COLUMN mail_owed_since");
  execute(scratch.path(), "DROP TABLE learnt_ports");
  execute(scratch.path(), "DROP TABLE objects");
  execute(scratch.path(), "PRAGMA user_version=2");
  SqliteStore store(scratch.path());
  EXPECT_THAT(store.overview(t0, t0).to_ready, testing::ElementsAre(Millis(4'000)));
  Object release{"release", "r_1", "shop:1"};
  EXPECT_TRUE(store.put(release));
  EXPECT_TRUE(store.object("release", "r_1"));
}

TEST(SqliteStore, ANewerSchemaIsRefused) {
  const Scratch scratch;
  { SqliteStore store(scratch.path()); }
  execute(scratch.path(), "PRAGMA user_version=" + std::to_string(schema_version() + 1));
  const auto error = error_of([&] { SqliteStore store(scratch.path()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::internal);
  EXPECT_THAT(error->message(), HasSubstr("version " + std::to_string(schema_version() + 1)));
  EXPECT_THAT(error->message(), HasSubstr("up to " + std::to_string(schema_version())));
}

TEST(SqliteStore, AFileThatIsNoLedgerIsRefusedAndLeftAlone) {
  const Scratch scratch;
  const std::string text(5000, 'x');
  std::ofstream(scratch.path("text")) << text;
  const auto no_database = error_of([&] { SqliteStore store(scratch.path("text")); });
  ASSERT_TRUE(no_database);
  EXPECT_EQ(no_database->kind(), ErrorKind::internal);
  EXPECT_THAT(no_database->message(), HasSubstr("no SQLite database"));
  std::ifstream file(scratch.path("text"));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);

  std::ofstream(scratch.path("other"));
  execute(scratch.path("other"), "CREATE TABLE songs (name TEXT)");
  const auto other = error_of([&] { SqliteStore store(scratch.path("other")); });
  ASSERT_TRUE(other);
  EXPECT_EQ(other->kind(), ErrorKind::internal);
  EXPECT_THAT(other->message(), HasSubstr("not Slipway's"));
}

TEST(SqliteStore, ADamagedFileIsReported) {
  const Scratch scratch;
  {
    SqliteStore store(scratch.path());
    for (int n = 0; n < 50; ++n) create(store, n);
  }
  {
    std::fstream file(scratch.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    const std::string noise(static_cast<std::size_t>(std::filesystem::file_size(scratch.path())) - 4096, '\xa5');
    file << noise;
  }
  const auto error = error_of([&] {
    SqliteStore store(scratch.path());
    store.find(id_of(1));
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::internal);
  EXPECT_THAT(error->message(), HasSubstr("restore a backup"));
}

TEST(SqliteStore, AWrongPathIsExplained) {
  const Scratch scratch;
  const auto missing = error_of([&] { SqliteStore store(scratch.path("no/such/ledger.db")); });
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->kind(), ErrorKind::unavailable);
  EXPECT_THAT(missing->message(), HasSubstr("does not exist"));
  const auto folder = error_of([&] { SqliteStore store(scratch.folder.string()); });
  ASSERT_TRUE(folder);
  EXPECT_EQ(folder->kind(), ErrorKind::unavailable);
  EXPECT_THAT(folder->message(), HasSubstr("this is a folder"));
}

TEST(SqliteStore, AFolderThatIsNotWritableIsExplained) {
  const Scratch scratch;
  std::filesystem::permissions(scratch.folder, std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  const bool root = ::geteuid() == 0;  // may write everywhere, so it plays somebody else for a moment
  ASSERT_TRUE(!root || ::seteuid(65534) == 0);
  const auto error = error_of([&] { SqliteStore store(scratch.path()); });
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  std::filesystem::permissions(scratch.folder, std::filesystem::perms::owner_all);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::unavailable);
  EXPECT_THAT(error->message(), HasSubstr("readable and writable"));
}

TEST(SqliteStore, AnEmptyRangeOfPortsIsRefused) {
  const Scratch scratch;
  const auto error = error_of([&] { SqliteStore store(scratch.path(), range(20001, 20000)); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::invalid);
}

TEST(SqliteStore, AnotherRangeOfPortsKeepsWhatIsLeased) {
  const Scratch scratch;
  Tenant old;
  {
    SqliteStore store(scratch.path(), range(20000, 20002));
    old = create(store, 1);
  }
  SqliteStore store(scratch.path(), range(30000, 30001));
  ASSERT_EQ(store.ports(t0).size(), 1u);
  EXPECT_EQ(store.ports(t0)[0].port, Port(20000));
  EXPECT_EQ(create(store, 2).port, Port(30000));
  old.port.reset();
  ASSERT_TRUE(store.save(old, {}, std::nullopt));
  EXPECT_EQ(create(store, 3).port, Port(30001));
  EXPECT_EQ(error_of([&] { create(store, 4); })->kind(), ErrorKind::limited) << "a port outside the range came back";
}

TEST(SqliteStore, ALedgerThatAnotherProcessLocksIsUnavailable) {
  const Scratch scratch;
  SqliteStore store(scratch.path(), {Port(20000), Port(20009), Millis(1)});
  Connection other(scratch.path(), Connection::Mode::write, Millis(5'000));
  other.execute("BEGIN IMMEDIATE");
  const auto error = error_of([&] { create(store, 1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::unavailable);
  EXPECT_THAT(error->message(), HasSubstr("another process"));
  EXPECT_FALSE(store.find(id_of(1))) << "reading goes on";
  other.execute("ROLLBACK");
  create(store, 1);
}

TEST(SqliteStoreTest, TheLedgerItselfKeepsTheAuditTrailAsItIs) {
  const Scratch scratch;
  SqliteStore(scratch.path()).record({0, TimePoint(Millis(1)), "k_1", "POST /x", "t_1", "unix", "r_1"});
  Connection ledger(scratch.path(), Connection::Mode::write, Millis(1'000));
  EXPECT_THROW(ledger.execute("UPDATE audit SET actor = 'k_2'"), Error);
  EXPECT_THROW(ledger.execute("DELETE FROM audit"), Error);
  EXPECT_EQ(SqliteStore(scratch.path()).audit({}).at(0).actor, "k_1");
}

}  // namespace
}  // namespace slipway::sqlite::test
