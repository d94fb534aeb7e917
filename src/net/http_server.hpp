#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/log.hpp"
#include "base/piece_source.hpp"
#include "net/http.hpp"

namespace slipway::net {

struct ServerRequest {
  std::string method;  // HEAD is shown as GET; its answer's body is left out
  std::string path;    // as sent, still percent-encoded, without the query
  std::string query;   // as sent, without '?'
  Headers headers{};
  std::string body{};
  std::string peer{};                  // "203.0.113.7", or "unix" for the local socket
  bool tls = false;                    // the client's connection was, as whoever took the request knows
  std::optional<unsigned> peer_uid{};  // of the local socket: the user whose program has connected
};

// An answer whose body is made while it is sent (logs that follow). No thread waits for it: on a worker, `open` is
// called once and what it returned is pulled, whenever the client has taken what there was and there may be more, which
// `wake` says too, from any thread. `stop` is asked for, and the source destroyed, once the client is gone or the
// server stops.
struct StreamingResponse {
  using Wake = std::function<void()>;
  Response head{};  // its body is ignored
  std::function<std::unique_ptr<PieceSource>(std::stop_token stop, Wake wake)> open{};
};

// An answer that must wait for something without holding a worker: `subscribe` is called once with a callback that may
// be called from any thread and only notifies. After each call `ready`, where there is one, says on a worker whether
// the time has come, as it has at the deadline; `finish` then makes the answer. Where `ready` throws, `finish` is to
// say why. Where the client goes away first, none of them is kept. A server that stops does not wait for the call.
struct WaitingResponse {
  Millis timeout{};
  std::function<void(std::function<void()> wake)> subscribe{};
  std::function<bool()> ready{};
  std::function<Response()> finish{};
};

using Reply = std::variant<Response, StreamingResponse, WaitingResponse>;
using Handler = std::function<Reply(const ServerRequest&)>;
// Says, on a worker, from a request's head alone, why its body need not be read; nothing where it may come.
using Admission = std::function<std::optional<Response>(const ServerRequest& head)>;
// Answers from memory, on the I/O thread, what it can answer at once; nothing leaves the request to the handler.
using InlineHandler = std::function<std::optional<Response>(const ServerRequest&)>;

struct ServerLimits {
  std::size_t body_bytes = 64u << 10;
  std::size_t header_bytes = 16u << 10;
  std::size_t header_fields = 100;
  std::size_t connections = 12'000;        // over TCP; past it the longest idle one goes, else 503
  std::size_t local_connections = 2'048;   // over Unix sockets, likewise
  std::size_t request_memory = 16u << 20;  // bytes of requests not yet handled, all connections; past it: 503
  std::size_t small_request = 2u << 10;    // bytes; one of no more is not refused for the others' sake
  std::size_t queued_requests = 1'024;     // past it: 503 with Retry-After
  std::size_t workers = 8;                 // threads, made as they are needed
  std::size_t followers = 8;               // threads for what is answered later: streams and waits
  std::size_t streams = 1'024;             // at once; past it: 503
  std::size_t waits = 4'096;               // at once; past it: 503
  Millis idle_timeout{60'000};             // between requests
  Millis read_timeout{15'000};             // for one request, head and body
  Millis write_timeout{30'000};            // for each time that a client takes nothing
};

// The asynchronous edge: one I/O thread owns connections, time-outs and limits; handlers run on a bounded pool of
// workers. HTTP/1.1, keep-alive, pipelined requests answered in order. What a handler throws is logged and answered
// with 500 and no details. Time-outs are checked about four times within the shortest of them. Connections,
// memory, workers, their queue, streams and waits are counted apart for TCP and for Unix sockets, so that whoever owns
// the machine is answered whatever comes over the network.
class HttpServer {
 public:
  HttpServer(Handler handler, ServerLimits limits, Log log);
  ~HttpServer();

  // Call before start().
  void answer_inline(InlineHandler handler);
  // Asked where a body does not come together with its head. Call before start().
  void admit(Admission admission);

  // Binds; call before start(). Port 0 picks one. Returns the port. Throws unavailable where the address is taken.
  std::uint16_t listen_tcp(const std::string& address, std::uint16_t port);
  // Replaces a dead socket file; mode 0600. Throws unavailable where a living server has it.
  void listen_unix(const std::string& path);

  void start();
  // Stops accepting, lets requests in flight finish within `drain`, then closes everything and joins: a handler
  // that does not return holds it up. Idempotent; never from a handler.
  void stop(Millis drain);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
