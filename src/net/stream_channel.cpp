#include "net/stream_channel.hpp"

#include <fmt/format.h>

namespace slipway::net {

namespace {
constexpr std::size_t kBufferLimit = 32u << 10;
}

bool StreamChannel::write(std::string_view piece) {
  while (!piece.empty()) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !open_ || buffer_.size() < kBufferLimit; });
    if (!open_) break;
    const auto part = piece.substr(0, kBufferLimit);
    piece.remove_prefix(part.size());
    if (chunked_) fmt::format_to(std::back_inserter(buffer_), "{:x}\r\n", part.size());
    buffer_ += part;
    if (chunked_) buffer_ += "\r\n";
    const bool poke = !poked_;
    poked_ = true;
    lock.unlock();
    if (poke) poke_();
  }
  return open();
}

bool StreamChannel::open() const {
  std::lock_guard lock(mutex_);
  if (!open_) cut_ = true;  // whoever learns this writes no more
  return open_;
}

std::string StreamChannel::take() {
  std::lock_guard lock(mutex_);
  poked_ = false;
  changed_.notify_all();
  return std::exchange(buffer_, {});
}

void StreamChannel::close() {
  std::lock_guard lock(mutex_);
  open_ = false;
  changed_.notify_all();
}

void StreamChannel::spoil() {
  std::lock_guard lock(mutex_);
  cut_ = true;
}

bool StreamChannel::complete() const {
  std::lock_guard lock(mutex_);
  return !cut_;
}

}  // namespace slipway::net
