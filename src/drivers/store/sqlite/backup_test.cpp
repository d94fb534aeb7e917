#include "drivers/store/sqlite/backup.hpp"

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "drivers/store/sqlite/test_support.hpp"

namespace slipway::sqlite::test {
namespace {

std::size_t files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST(Backup, IsConsistentWhileTheLedgerIsWritten) {
  const Scratch scratch, copies;
  SqliteStore store(scratch.path());
  for (int n = 0; n < 50; ++n) create(store, n);
  std::atomic<int> written = 50;
  {
    const std::jthread writer([&](const std::stop_token& stop) {
      while (!stop.stop_requested() && written < 9'000) create(store, written), ++written;
    });
    for (int i = 0; i < 5; ++i) {
      // Each copy is made while writes come in between.
      const int before = written;
      while (written == before) std::this_thread::yield();
      i % 2 == 0 ? store.backup(copies.path()) : backup_ledger(scratch.path(), copies.path());
      EXPECT_EQ(files_in(copies.folder), 1u) << "something was left beside the copy";
    }
  }
  EXPECT_EQ(integrity(copies.path()), "ok");
  SqliteStore copy(copies.path());
  EXPECT_EQ(copy.installation(), store.installation());
  const std::size_t tenants = copy.ports(t0).size();
  EXPECT_GE(tenants, 50u);
  EXPECT_LE(tenants, static_cast<std::size_t>(written));
  // Transactions are whole, and all that came before one is there.
  for (std::size_t n = 0; n < tenants; ++n) {
    ASSERT_TRUE(copy.find(id_of(static_cast<int>(n)))) << n;
    EXPECT_EQ(copy.events(id_of(static_cast<int>(n)), 0, 10).size(), 1u);
  }
  EXPECT_FALSE(copy.find(id_of(static_cast<int>(tenants))));
}

TEST(Backup, HoldsWhatWasAcknowledgedBeforeAndOnlyItsOwnerReadsIt) {
  const Scratch scratch;
  SqliteStore store(scratch.path());
  create(store, 1);
  Object before{"release", "r_1", "shop:1"}, after{"release", "r_2", "shop:2"};
  ASSERT_TRUE(store.put(before));
  store.backup(scratch.path("copy.db"));
  create(store, 2);
  ASSERT_TRUE(store.put(after));
  struct stat status {};
  ASSERT_EQ(::stat(scratch.path("copy.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  SqliteStore copy(scratch.path("copy.db"));
  EXPECT_TRUE(copy.find(id_of(1)));
  EXPECT_FALSE(copy.find(id_of(2)));
  EXPECT_TRUE(copy.object("release", "r_1"));
  EXPECT_FALSE(copy.object("release", "r_2"));
}

TEST(Backup, RefusesWhatWouldDoHarm) {
  const Scratch scratch;
  SqliteStore store(scratch.path());
  create(store, 1);
  EXPECT_EQ(error_of([&] { store.backup(scratch.path()); })->kind(), ErrorKind::invalid);
  {
    SqliteStore copy(scratch.path("copy.db"));
    create(copy, 7);
    EXPECT_EQ(error_of([&] { store.backup(scratch.path("copy.db")); })->kind(), ErrorKind::conflict);
  }
  EXPECT_TRUE(SqliteStore(scratch.path("copy.db")).find(id_of(7)));
  EXPECT_EQ(error_of([&] { store.backup(scratch.path("no/such/copy.db")); })->kind(), ErrorKind::unavailable);
  EXPECT_EQ(error_of([&] { backup_ledger(scratch.path("none"), scratch.path("copy.db")); })->kind(),
            ErrorKind::unavailable);
  EXPECT_FALSE(std::filesystem::exists(scratch.path("none"))) << "a backup has made the ledger that it was to read";
  std::ofstream(scratch.path("text")) << std::string(5000, 'x');
  EXPECT_EQ(error_of([&] { backup_ledger(scratch.path("text"), scratch.path("copy.db")); })->kind(),
            ErrorKind::internal);
  EXPECT_TRUE(SqliteStore(scratch.path("copy.db")).find(id_of(7))) << "a failed backup has harmed the older copy";
}

}  // namespace
}  // namespace slipway::sqlite::test
