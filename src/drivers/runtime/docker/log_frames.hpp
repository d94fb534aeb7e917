#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace slipway::docker {

// Takes apart the stream of a container's output: frames of an 8-byte head {stream, 0, 0, 0, size as big-endian 32
// bits} and so many bytes. Feed it in any pieces; what a frame holds is handed on as it comes.
class LogFrames {
 public:
  using Sink = std::function<bool(std::string_view payload)>;
  // False where the sink has enough. Throws internal for what is no such stream.
  bool feed(std::string_view chunk, const Sink& sink);

 private:
  std::string head_;
  std::size_t left_ = 0;  // bytes of the present frame still to come
};

}  // namespace slipway::docker
