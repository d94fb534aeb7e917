#pragma once
#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "net/endpoint.hpp"
#include "net/resolve.hpp"

namespace slipway::net {

// How one operation on a connection ended. What the network does is expected, so it is a value.
struct IoResult {
  enum class Kind { done, closed, timed_out, stopped, failed, nothing_yet };
  Kind kind = Kind::done;
  std::size_t bytes = 0;
  std::string why;  // of failed: "Connection refused"
  bool ok() const { return kind == Kind::done; }
};

// One connection over TCP, TLS or a Unix socket. Every call ends by its deadline, or soon after the stop token asks for
// it; after any result but `done` and `nothing_yet` only the destructor is left to call. For one thread at a time.
class Connection {
 public:
  Connection();
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void stop_with(std::stop_token stop);
  IoResult read_some(char* into, std::size_t size, Deadline deadline);
  // What is there; nothing_yet where it would have to wait: the descriptor says when there is more.
  IoResult read_ready(char* into, std::size_t size);
  int descriptor() const;
  IoResult write(std::string_view head, std::string_view body, Deadline deadline);
  // False where a kept connection was closed by the other side meanwhile, or has bytes that nobody asked for.
  bool quiet() const;

 private:
  friend class Connector;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Makes connections to one endpoint. Thread-safe.
class Connector {
 public:
  explicit Connector(Endpoint endpoint);  // throws invalid for a URL that it cannot read
  ~Connector();

  const Target& target() const { return target_; }
  // Resolves, connects, and shakes hands. Throws invalid where the endpoint's certificate files cannot be read.
  IoResult open(Connection& connection, Deadline deadline);

 private:
  struct Tls;
  Tls& tls();

  Endpoint endpoint_;
  Target target_;
  Resolver resolver_;
  std::unique_ptr<Tls> tls_;
};

}  // namespace slipway::net
