#include "drivers/store/sqlite/group_commit.hpp"

namespace slipway::sqlite {
namespace {

constexpr std::size_t queue_limit = 4096;      // callers in line
constexpr std::size_t round_limit = 256;       // operations in one transaction
constexpr int checkpoint_at_wal_pages = 1000;  // SQLite's own default

}  // namespace

void GroupCommit::run(const Operation& operation) {
  Task task{&operation, nullptr, false, {}};
  std::unique_lock lock(mutex_);
  if (queue_.size() >= queue_limit) {
    throw Error(ErrorKind::unavailable, "ledger " + writer_.path() + ": " + std::to_string(queue_limit) +
                                            " writes are waiting for its disk already; try again later");
  }
  queue_.push_back(&task);
  while (!task.done) {
    if (led_) {
      task.wake.wait(lock);
    } else {
      lead(lock);
    }
  }
  lock.unlock();
  if (task.error) std::rethrow_exception(task.error);
}

// One round. A caller behind more than `round_limit` others may lead a round that does not hold its own operation.
void GroupCommit::lead(std::unique_lock<std::mutex>& lock) {
  const std::size_t count = std::min(queue_.size(), round_limit);
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
  const std::vector<Task*> round(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  led_ = true;

  lock.unlock();
  commit(round);
  lock.lock();
  operations_ += round.size();
  commits_ += 1;
  // A task lives on its caller's stack and is gone once it is done and the lock is free.
  for (Task* task : round) {
    task->done = true;
    task->wake.notify_one();
  }

  if (writer_.wal_pages() >= checkpoint_at_wal_pages) {
    lock.unlock();
    writer_.checkpoint();
    lock.lock();
  }
  led_ = false;
  if (!queue_.empty()) queue_.front()->wake.notify_one();
}

void GroupCommit::commit(const std::vector<Task*>& round) noexcept {
  const auto fail_all = [&](const Error& error) {
    for (Task* task : round) {
      // Each gets a copy of its own, to which its caller may add context.
      if (!task->error) task->error = std::make_exception_ptr(Error(error));
    }
  };
  try {
    writer_.execute("BEGIN IMMEDIATE");
    run_each(round);
    writer_.execute("COMMIT");
  } catch (const Error& error) {
    writer_.rollback();
    fail_all(error);
  } catch (const std::exception& error) {
    writer_.rollback();
    fail_all(Error(ErrorKind::internal, "ledger " + writer_.path() + ": " + error.what()));
  }
}

void GroupCommit::run_each(const std::vector<Task*>& round) {
  for (Task* task : round) {
    writer_.run("SAVEPOINT operation");
    try {
      (*task->operation)(writer_);
    } catch (...) {
      task->error = std::current_exception();
      // A full disk makes SQLite end the whole transaction; what the others wrote is gone with it.
      if (!writer_.in_transaction()) {
        throw Error(ErrorKind::unavailable, "ledger " + writer_.path() +
                                                ": the disk refused a write of the same transaction (it may be full); "
                                                "nothing was written; check the disk and try again");
      }
      writer_.run("ROLLBACK TO operation");
    }
    writer_.run("RELEASE operation");
  }
}

GroupCommit::Counters GroupCommit::counters() {
  std::lock_guard lock(mutex_);
  return {operations_, commits_, queue_.size()};
}

}  // namespace slipway::sqlite
