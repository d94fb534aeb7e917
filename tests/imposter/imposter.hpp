#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/http.hpp"

namespace slipway::test {

struct ImposterRequest {
  std::string method;
  std::string target;  // path and query as sent
  net::Headers headers;
  std::string body{};
  int connection = 0;  // which connection it came on: 0, 1, 2...
};

// What to answer, and how to misbehave while doing it.
struct ImposterResponse {
  int status = 200;
  net::Headers headers{};  // Content-Length or Transfer-Encoding is added
  std::string body{};

  std::chrono::milliseconds delay{0};           // before the first byte
  std::optional<std::size_t> truncate_after{};  // bytes of the body, then the connection is closed
  bool reset = false;                           // a TCP reset instead of an answer
  bool never = false;                           // no answer; the connection stays open
  bool close_after = false;                     // closed after the answer without having said so (a stale connection)
  std::string raw{};                            // sent word for word instead of an answer, then closed
  std::vector<std::string> chunks{};            // a chunked body; each chunk is sent by itself, `chunk_pause` apart
  std::chrono::milliseconds chunk_pause{0};
  bool endless = false;  // after `chunks`, the body stays open
};

// A scripted HTTP/1.1 server for tests of real clients, on plain blocking sockets, one thread a connection. It shares
// no code with the project's own server. It listens from its construction to its destruction, and records every
// request.
class Imposter {
 public:
  using Script = std::function<ImposterResponse(const ImposterRequest&)>;

  Imposter();                                    // 127.0.0.1, a free port
  explicit Imposter(const std::string& socket);  // a Unix socket at this path
  ~Imposter();
  Imposter(const Imposter&) = delete;
  Imposter& operator=(const Imposter&) = delete;

  // What to do with "POST /emails" (the query is not compared), or with "*", whatever nothing else answers. The script
  // runs on the connection's thread; without one the answer is 404. A later script for the same route replaces it.
  void on(const std::string& route, Script script);
  void on(const std::string& route, ImposterResponse response);

  std::string base_url() const { return url_; }
  std::uint16_t port() const { return port_; }
  std::vector<ImposterRequest> requests() const;
  std::vector<ImposterRequest> requests(const std::string& route) const;
  int connections() const { return accepted_; }
  // Whether at least `count` requests have come within `timeout`.
  bool wait_for_requests(std::size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

 private:
  struct Peer;
  void accept_loop();
  void serve(Peer& peer);
  bool answer(Peer& peer, const ImposterRequest& request, const ImposterResponse& response);
  ImposterResponse ask_script(const ImposterRequest& request);
  bool pause(std::chrono::milliseconds time);

  std::string url_;
  std::string socket_path_;
  std::uint16_t port_ = 0;
  int listener_ = -1;
  std::atomic<int> accepted_{0};
  std::atomic<bool> ending_{false};
  mutable std::mutex mutex_;
  std::map<std::string, Script> scripts_;
  std::vector<ImposterRequest> requests_;
  std::vector<std::unique_ptr<Peer>> peers_;
  std::thread acceptor_;
};

}  // namespace slipway::test
