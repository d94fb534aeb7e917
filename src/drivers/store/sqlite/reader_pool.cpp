#include "drivers/store/sqlite/reader_pool.hpp"

namespace slipway::sqlite {
namespace {

// Each may keep half a megabyte of pages; a read takes microseconds, so more would hardly ever be used.
constexpr std::size_t connection_limit = 2;

}  // namespace

std::unique_ptr<Connection> ReaderPool::take() {
  std::unique_lock lock(mutex_);
  returned_.wait(lock, [this] { return !idle_.empty() || opened_ < connection_limit; });
  if (idle_.empty()) {
    auto fresh = std::make_unique<Connection>(path_, Connection::Mode::read, busy_timeout_);
    ++opened_;
    return fresh;
  }
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  {
    std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  returned_.notify_one();
}

}  // namespace slipway::sqlite
