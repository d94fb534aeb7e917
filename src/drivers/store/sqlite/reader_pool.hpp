#pragma once
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "drivers/store/sqlite/connection.hpp"

namespace slipway::sqlite {

// A few connections for reading, each opened when it is first needed. In a write-ahead log a reader sees the last
// commit and never waits for a writer or its fsync.
class ReaderPool {
 public:
  ReaderPool(std::string path, Millis busy_timeout) : path_(std::move(path)), busy_timeout_(busy_timeout) {}

  template <class F>
  auto read(F&& f) {
    Loan loan(*this);
    return std::forward<F>(f)(*loan.connection);
  }

 private:
  struct Loan {
    explicit Loan(ReaderPool& from) : pool(from), connection(from.take()) {}
    ~Loan() { pool.give_back(std::move(connection)); }
    ReaderPool& pool;
    std::unique_ptr<Connection> connection;
  };

  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  const std::string path_;
  const Millis busy_timeout_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t opened_ = 0;
};

}  // namespace slipway::sqlite
