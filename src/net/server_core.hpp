#pragma once
#include <atomic>
#include <list>
#include <memory>
#include <vector>

#include "net/http_server.hpp"
#include "net/io_loop.hpp"
#include "net/response_writer.hpp"
#include "net/worker_pool.hpp"

namespace slipway::net {

class ServerConnection;

// What those who come the same way share, over TCP or over Unix sockets. Neither can use up what is the other's.
struct Lane {
  using Connections = std::list<std::shared_ptr<ServerConnection>>;

  Lane(const ServerLimits& limits, std::size_t the_connection_limit)
      : workers(limits.workers, limits.queued_requests),
        followers(limits.followers, 0),
        connection_limit(the_connection_limit) {}

  WorkerPool workers;
  WorkerPool followers;
  const std::size_t connection_limit;
  // Of the I/O thread:
  Connections busy;
  Connections idle;  // between requests; the one that has been so longest is the first
  std::size_t streams = 0;
  std::size_t waits = 0;
  std::size_t request_memory = 0;  // bytes

  std::size_t connections() const { return busy.size() + idle.size(); }
};

// What the connections of one server share. Everything but the pools, the loop and `draining` belongs to the I/O
// thread.
struct ServerCore : std::enable_shared_from_this<ServerCore> {
  ServerCore(Handler the_handler, ServerLimits the_limits, Log the_log)
      : handler(std::move(the_handler)),
        limits(the_limits),
        log(std::move(the_log)),
        network(limits, limits.connections),
        local(limits, limits.local_connections) {}

  IoLoop loop;
  const Handler handler;
  InlineHandler inline_handler;
  Admission admission;
  const ServerLimits limits;
  const Log log;
  Lane network;
  Lane local;
  std::atomic<bool> draining{false};

  ResponseWriter writer;
  std::vector<char> scratch;  // what is read goes here first, so that an idle connection needs no buffer
  bool empty() const { return network.connections() + local.connections() == 0; }
  std::function<void()> on_empty;  // called when a connection was the last
};

}  // namespace slipway::net
