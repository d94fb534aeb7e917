#include "drivers/database/postgres/connection_pool.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway::postgres {

ConnectionPool::ConnectionPool(Target target, Limits limits) : target_(std::move(target)), limits_(limits) {}

void ConnectionPool::use(Deadline deadline, const std::function<void(Connection&)>& work) {
  for (bool again = true;; again = false) {
    Lease lease(*this, deadline);
    try {
      work(lease.connection());
      lease.keep();
      return;
    } catch (const Error&) {
      const bool died = lease.was_kept() && lease.connection().broken();
      if (!again || !died || std::chrono::steady_clock::now() >= deadline) throw;
      close_idle();  // a server that ended one session has most likely ended all
    }
  }
}

ConnectionPool::Lease::Lease(ConnectionPool& pool, std::unique_ptr<Connection> kept)
    : pool_(pool), connection_(std::move(kept)), was_kept_(connection_ != nullptr) {}

ConnectionPool::Lease::Lease(ConnectionPool& pool, Deadline deadline) : Lease(pool, pool.take(deadline)) {
  if (was_kept_) return;
  const Deadline connect_by = std::min(deadline, std::chrono::steady_clock::now() + pool_.limits_.connect_timeout);
  connection_ = std::make_unique<Connection>(pool_.target_, connect_by, pool_.limits_.statement_timeout);
}

ConnectionPool::Lease::~Lease() { pool_.give_back(keep_ ? std::move(connection_) : nullptr); }

std::unique_ptr<Connection> ConnectionPool::take(Deadline deadline) {
  std::unique_lock lock(mutex_);
  const bool free = freed_.wait_until(lock, deadline, [&] { return in_use_ < limits_.connections; });
  if (!free) {
    throw Error(ErrorKind::unavailable, fmt::format("Postgres at {}: all {} of our connections are busy",
                                                    target_.place(), limits_.connections));
  }
  ++in_use_;
  while (!idle_.empty()) {
    std::unique_ptr<Connection> connection = std::move(idle_.back());
    idle_.pop_back();
    if (connection->usable()) return connection;
  }
  return nullptr;
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection) {
  {
    std::lock_guard lock(mutex_);
    --in_use_;
    if (connection) idle_.push_back(std::move(connection));
  }
  freed_.notify_one();
}

void ConnectionPool::close_idle() {
  std::lock_guard lock(mutex_);
  idle_.clear();
}

}  // namespace slipway::postgres
