#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "net/http_server.hpp"
#include "tests/imposter/raw_client.hpp"

namespace slipway::test {

inline constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

// The project's own server on a free port, for tests of it; its handler echoes unless another is given.
struct RunningServer {
  explicit RunningServer(net::Handler handler = echo, net::ServerLimits limits = {})
      : server(std::move(handler), limits, Log::silent()) {
    port = server.listen_tcp("127.0.0.1", 0);
    server.start();
  }
  static net::Reply echo(const net::ServerRequest& request) {
    return net::Response{.headers = {{"X-Peer", request.peer},
                                     {"X-Peer-Uid", request.peer_uid ? std::to_string(*request.peer_uid) : "none"},
                                     {"X-Method", request.method}},
                         .body = request.path + "|" + request.query + "|" + request.body};
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }

  net::HttpServer server;
  std::uint16_t port;
};

// Sends one text on a connection of its own and returns all that comes back.
inline std::string answer_to(std::uint16_t port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  client.half_close();
  return client.read_to_end();
}

}  // namespace slipway::test
