#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>

#include "net/http_server.hpp"

namespace slipway::net {

// Between the thread that makes a streamed body and the connection that sends it: a small buffer that makes the one
// wait for the other. Thread-safe.
class StreamChannel : public BodyWriter {
 public:
  // `poke` is called from write() when there is something to take, once until it is taken.
  StreamChannel(bool chunked, std::function<void()> poke) : chunked_(chunked), poke_(std::move(poke)) {}

  bool write(std::string_view piece) override;
  bool open() const override;

  std::string take();
  void close();
  // The body ends before its end.
  void spoil();
  // Whether the body came to its own end: nobody made it stop.
  bool complete() const;

 private:
  const bool chunked_;
  const std::function<void()> poke_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string buffer_;
  bool poked_ = false;
  bool open_ = true;
  mutable bool cut_ = false;
};

}  // namespace slipway::net
