#pragma once
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "drivers/database/postgres/connection.hpp"

namespace slipway::postgres {

// A few sessions that are kept open between uses and opened again when they have broken. Thread-safe.
class ConnectionPool {
 public:
  struct Limits {
    std::size_t connections = 4;
    Millis connect_timeout{10'000};    // for one attempt
    Millis statement_timeout{30'000};  // enforced by the server
  };

  ConnectionPool(Target target, Limits limits);

  // Runs `work` with a session that is its own meanwhile. A session after a failure is closed, not kept. Where a kept
  // session turns out to be dead, `work` runs once more with a new one, so it must bear being repeated. Throws
  // unavailable where no session becomes free or can be made by the deadline.
  void use(Deadline deadline, const std::function<void(Connection&)>& work);

  const Target& target() const { return target_; }

 private:
  // One session in use. Whatever happens, its place in the pool is freed.
  class Lease {
   public:
    Lease(ConnectionPool& pool, Deadline deadline);
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    Connection& connection() { return *connection_; }
    bool was_kept() const { return was_kept_; }
    void keep() { keep_ = true; }

   private:
    Lease(ConnectionPool& pool, std::unique_ptr<Connection> kept);

    ConnectionPool& pool_;
    std::unique_ptr<Connection> connection_;
    bool was_kept_ = false;
    bool keep_ = false;
  };

  // Waits for a place; returns a kept session where there is a living one.
  std::unique_ptr<Connection> take(Deadline deadline);
  void give_back(std::unique_ptr<Connection> connection);  // nullptr: only the place
  void close_idle();

  const Target target_;
  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace slipway::postgres
