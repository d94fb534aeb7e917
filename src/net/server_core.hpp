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

// What the connections of one server share. Everything but the pools, the loop and `draining` belongs to the I/O
// thread.
struct ServerCore : std::enable_shared_from_this<ServerCore> {
  ServerCore(Handler the_handler, ServerLimits the_limits, Log the_log)
      : handler(std::move(the_handler)),
        limits(the_limits),
        log(std::move(the_log)),
        workers(limits.workers, limits.queued_requests),
        streams(limits.streams, 0) {}

  IoLoop loop;
  const Handler handler;
  InlineHandler inline_handler;
  const ServerLimits limits;
  const Log log;
  WorkerPool workers;
  WorkerPool streams;
  std::atomic<bool> draining{false};

  ResponseWriter writer;
  std::vector<char> scratch;  // what is read goes here first, so that an idle connection needs no buffer
  std::list<std::shared_ptr<ServerConnection>> connections;
  std::function<void()> on_empty;  // called when a connection was the last
};

}  // namespace slipway::net
