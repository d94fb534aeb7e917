#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <vector>

#include "drivers/store/sqlite/connection.hpp"

namespace slipway::sqlite {

// Lets concurrent writers share one commit, and so one fsync. The first caller that finds nobody writing becomes the
// leader: it runs all operations that wait, its own among them, in one transaction, commits, and wakes their callers.
// Whoever arrives meanwhile waits for the next round. So a lone writer waits for nobody and changes no thread.
class GroupCommit {
 public:
  using Operation = std::function<void(Connection&)>;

  explicit GroupCommit(Connection& writer) : writer_(writer) {}

  // Returns when what `operation` wrote is on disk. What it throws comes back to its own caller, undone, and leaves
  // the other operations alone. Where the commit fails, every operation of the round gets the Error. Throws
  // Error(unavailable) where too many wait already.
  void run(const Operation& operation);

  struct Counters {
    std::uint64_t operations = 0;  // that were run, failed ones too
    std::uint64_t commits = 0;     // transactions that brought them to disk
    std::size_t waiting = 0;       // callers in line now
  };
  Counters counters();

 private:
  struct Task {
    const Operation* operation;
    std::exception_ptr error;
    bool done = false;
    std::condition_variable wake;
  };

  void lead(std::unique_lock<std::mutex>& lock);
  void commit(const std::vector<Task*>& round) noexcept;
  void run_each(const std::vector<Task*>& round);

  Connection& writer_;
  std::mutex mutex_;
  std::deque<Task*> queue_;
  bool led_ = false;
  std::uint64_t operations_ = 0;
  std::uint64_t commits_ = 0;
};

}  // namespace slipway::sqlite
