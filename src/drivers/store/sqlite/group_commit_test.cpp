#include "drivers/store/sqlite/group_commit.hpp"

#include <atomic>
#include <thread>

#include "drivers/store/sqlite/test_support.hpp"

namespace slipway::sqlite::test {
namespace {

// Stands between SQLite and the disk: counts the fsyncs of write-ahead logs, holds them and makes them fail. It is
// SQLite's default file system while it lives.
class Disk {
 public:
  Disk() : base_(sqlite3_vfs_find(nullptr)), vfs_(*base_) {
    here_ = this;
    vfs_.zName = "slipway-test-disk";
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~Disk() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(base_, 1);
    here_ = nullptr;
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  int syncs() const { return syncs_; }
  void fail_from_now(bool fail) { fails_ = fail; }

  // From now on an fsync waits until `release`.
  void hold() {
    std::lock_guard lock(mutex_);
    held_ = true;
  }
  void release() {
    std::lock_guard lock(mutex_);
    held_ = false;
    changed_.notify_all();
  }
  void wait_for_an_fsync() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(20), [this] { return waiting_ > 0; }));
  }

 private:
  static int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
    const int code = here_->base_->xOpen(here_->base_, name, file, flags, out);
    if (code == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
      std::lock_guard lock(here_->mutex_);
      here_->real_ = file->pMethods;
      here_->methods_ = *file->pMethods;
      here_->methods_.xSync = sync;
      file->pMethods = &here_->methods_;
    }
    return code;
  }

  static int sync(sqlite3_file* file, int flags) {
    Disk& disk = *here_;
    {
      std::unique_lock lock(disk.mutex_);
      ++disk.waiting_;
      disk.changed_.notify_all();
      disk.changed_.wait(lock, [&] { return !disk.held_; });
      --disk.waiting_;
    }
    ++disk.syncs_;
    return disk.fails_ ? SQLITE_IOERR_FSYNC : disk.real_->xSync(file, flags);
  }

  static inline Disk* here_ = nullptr;  // SQLite's file calls carry no context
  sqlite3_vfs* const base_;
  sqlite3_vfs vfs_;
  const sqlite3_io_methods* real_ = nullptr;
  sqlite3_io_methods methods_{};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool held_ = false;
  int waiting_ = 0;
  std::atomic<int> syncs_ = 0;
  std::atomic<bool> fails_ = false;
};

// Runs write 0, and while its fsync is held lets all the others queue up behind it: they are one round.
// `held` is called in between. Returns what each write threw.
std::vector<std::optional<Error>> one_then_the_others(Disk& disk, SqliteStore& store, int count,
                                                      const std::function<void(int)>& write,
                                                      const std::function<void()>& held = {}) {
  std::vector<std::optional<Error>> errors(static_cast<std::size_t>(count));
  std::vector<std::jthread> threads;
  const auto start = [&](int i) {
    threads.emplace_back([&, i] { errors[static_cast<std::size_t>(i)] = error_of([&] { write(i); }); });
  };
  disk.hold();
  start(0);
  disk.wait_for_an_fsync();
  for (int i = 1; i < count; ++i) start(i);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (store.counters().waiting != static_cast<std::size_t>(count - 1)) {
    if (std::chrono::steady_clock::now() > deadline) break;
    std::this_thread::yield();
  }
  EXPECT_EQ(store.counters().waiting, static_cast<std::size_t>(count - 1));
  if (held) held();
  disk.release();
  threads.clear();
  return errors;
}

TEST(GroupCommit, ALoneWriteIsOnDiskWhenItReturns) {
  const Scratch scratch;
  Disk disk;
  SqliteStore store(scratch.path());
  for (int n = 0; n < 20; ++n) {
    const auto before = store.counters();
    const int syncs = disk.syncs();
    create(store, n);
    EXPECT_GT(disk.syncs(), syncs) << "acknowledged without an fsync";
    EXPECT_EQ(store.counters().commits, before.commits + 1);
    EXPECT_EQ(store.counters().operations, before.operations + 1);
  }
}

TEST(GroupCommit, SixtyFourWritersShareTwoCommits) {
  const Scratch scratch;
  Disk disk;
  SqliteStore store(scratch.path());
  create(store, 1000);
  const auto before = store.counters();
  const int syncs = disk.syncs();
  const auto errors = one_then_the_others(
      disk, store, 64, [&](int n) { create(store, n); },
      [&] {
        EXPECT_TRUE(store.find(id_of(1000))) << "a reader waits for nobody's fsync";
        EXPECT_FALSE(store.find(id_of(0))) << "what is not on disk is not shown";
      });
  for (const auto& error : errors) EXPECT_FALSE(error) << error->message();
  EXPECT_EQ(store.counters().operations, before.operations + 64);
  EXPECT_EQ(store.counters().commits, before.commits + 2);
  EXPECT_LE(disk.syncs(), syncs + 4) << "two commits, each with at most the log's header besides";
  EXPECT_EQ(store.list({}).size(), 65u);
  EXPECT_EQ(store.ports(t0).size(), 65u);
}

TEST(GroupCommit, OneBadWriteDoesNotHarmTheOthersOfItsRound) {
  const Scratch scratch;
  Disk disk;
  SqliteStore store(scratch.path());
  create(store, 1000);
  const auto before = store.counters();
  const auto errors = one_then_the_others(disk, store, 16, [&](int n) {
    NewTenant w = wanted(n);
    if (n % 5 == 1) w.tenant.id = id_of(1000);  // fails after it has leased a port
    store.sign_up(w, t0);
  });
  EXPECT_EQ(store.counters().commits, before.commits + 2);
  for (int n = 0; n < 16; ++n) {
    const bool bad = n % 5 == 1;
    EXPECT_EQ(errors[static_cast<std::size_t>(n)].has_value(), bad) << n;
    if (bad) {
      EXPECT_EQ(errors[static_cast<std::size_t>(n)]->kind(), ErrorKind::conflict);
    }
    EXPECT_EQ(store.find(id_of(n)).has_value(), !bad) << n;
  }
  EXPECT_EQ(store.ports(t0).size(), 14u) << "a failed sign-up has kept its port";
}

TEST(GroupCommit, WhatCannotBeSyncedIsNotAcknowledged) {
  const Scratch scratch;
  {
    Disk disk;
    SqliteStore store(scratch.path());
    create(store, 1000);
    const auto errors = one_then_the_others(
        disk, store, 8, [&](int n) { create(store, n); }, [&] { disk.fail_from_now(true); });
    for (const auto& error : errors) {
      ASSERT_TRUE(error) << "acknowledged although the fsync failed";
      EXPECT_EQ(error->kind(), ErrorKind::unavailable);
      EXPECT_NE(error->message().find("check its disk"), std::string::npos) << error->message();
    }
    EXPECT_EQ(store.list({}).size(), 1u);
    EXPECT_EQ(store.ports(t0).size(), 1u);
    disk.fail_from_now(false);
    for (int n = 0; n < 8; ++n) create(store, n);
    EXPECT_EQ(store.list({}).size(), 9u);
  }
  EXPECT_EQ(integrity(scratch.path()), "ok");
}

TEST(GroupCommit, TheLogStaysSmallUnderManyWrites) {
  const Scratch scratch;
  SqliteStore store(scratch.path());
  const std::string text(200'000, 'x');
  for (int n = 0; n < 200; ++n) store.append(id_of(1), {0, t0, "progress", "", text, {}});
  EXPECT_LT(std::filesystem::file_size(scratch.path("ledger.db-wal")), 8u << 20) << "of 40 MB written";
  EXPECT_EQ(store.events(id_of(1), 0, 1'000).size(), 200u);
}

}  // namespace
}  // namespace slipway::sqlite::test
