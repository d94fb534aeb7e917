#include "drivers/runtime/docker/log_frames.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace slipway::docker {
namespace {

constexpr std::size_t head_size = 8;

std::size_t payload_size(std::string_view head) {
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<unsigned char>(head[i])); };
  // 0: input, 1: output, 2: error, 3: the engine's own error about the stream.
  if (byte(0) > 3 || byte(1) != 0 || byte(2) != 0 || byte(3) != 0) {
    throw Error(ErrorKind::internal, "docker: the container's output is not in frames; was it made with a terminal?");
  }
  return byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
}

}  // namespace

bool LogFrames::feed(std::string_view chunk, const Sink& sink) {
  while (!chunk.empty()) {
    if (left_ == 0) {
      const std::size_t wanted = std::min(head_size - head_.size(), chunk.size());
      head_.append(chunk.substr(0, wanted));
      chunk.remove_prefix(wanted);
      if (head_.size() < head_size) return true;
      left_ = payload_size(head_);
      head_.clear();
      continue;
    }
    const std::size_t size = std::min(left_, chunk.size());
    left_ -= size;
    if (!sink(chunk.substr(0, size))) return false;
    chunk.remove_prefix(size);
  }
  return true;
}

}  // namespace slipway::docker
