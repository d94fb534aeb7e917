#pragma once
#include <memory>
#include <string_view>

#include "net/http_server.hpp"

namespace slipway::net {

// Reads one HTTP/1.x request from bytes as they come. What it refuses, it refuses with the status that says why.
class RequestParser {
 public:
  explicit RequestParser(const ServerLimits& limits);
  ~RequestParser();

  enum class State { incomplete, done, refused };
  // Takes what it can from the front of `bytes` and says how much in `used`; what is left must be offered again,
  // together with more where the state is incomplete.
  State put(std::string_view bytes, std::size_t& used);

  int status() const;            // of refused: 400, 413, 417, 431, 501 or 505
  std::string_view why() const;  // of refused, for the client
  bool head_done() const;
  const ServerRequest& head() const;  // once head_done()
  std::size_t memory() const;         // bytes that it holds, about
  bool wants_continue() const;        // the head has come, the body waits for "100 Continue"
  bool keep_alive() const;
  bool http_1_0() const;
  bool head_only() const;  // HEAD; the request itself then says GET
  ServerRequest take();    // of done

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
