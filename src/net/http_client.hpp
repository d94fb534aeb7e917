#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/piece_source.hpp"
#include "base/secret.hpp"
#include "net/http.hpp"

namespace slipway::net {

// Where to connect: "http://host:port", "https://host:port" or "unix:///path/to/socket".
// Client certificates serve a Docker daemon behind TLS.
struct Endpoint {
  std::string url{};
  std::string ca_file{};  // empty: `ca_pem`, else the system's roots
  std::string cert_file{};
  std::string key_file{};
  std::string address{};  // connect to this host instead of the URL's (whose name is still sent and verified)
  std::uint16_t port{};   // and to this port; 0: the URL's
  std::string ca_pem{};   // trusted roots as PEM text, where there is no ca_file; empty: the system's roots
};

struct ClientRequest {
  std::string method = "GET";
  std::string target = "/";  // path and query, encoded
  Headers headers{};         // Host, Content-Length and User-Agent are added
  std::string body{};
  Millis timeout{30'000};  // for the whole exchange: connect, TLS, send, receive
};

// An answer's body that is read as it comes, without waiting for it. Throws unavailable where it is torn, internal for
// what is not HTTP.
class HttpStream : public PieceSource {
 public:
  ~HttpStream() override;
  State pull(std::string& body) override;
  int descriptor() const override;
  int status() const;  // 0: the answer's head has not come yet

 private:
  friend class HttpClient;
  struct Impl;
  explicit HttpStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// A blocking HTTP/1.1 client for one endpoint: a deadline for the whole exchange, a pool of kept-alive connections.
// A request on a kept connection that the server had closed meanwhile is sent again once on a new one, if nothing came
// back. Thread-safe. Errors: unavailable (cannot connect, torn, timed out), limited (answer larger than the limit),
// internal (the answer is not HTTP), invalid (a URL or header that cannot be sent).
// "*.localhost" and names of sslip.io resolve by themselves, without DNS.
class HttpClient {
 public:
  explicit HttpClient(Endpoint endpoint, std::size_t body_limit_bytes = 16u << 20);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  Response send(const ClientRequest& request);

  // The body is handed to `chunk` as it comes (false: enough, the connection is closed); the returned body is empty,
  // except where the status is 400 or more: then it holds the start of the error's text and `chunk` is not called.
  // `request.timeout` bounds the wait for the head and then each silence (0: no bound); `stop` ends it at any time: the
  // call then returns what it has, with status 0 where not even the head had come.
  Response stream(const ClientRequest& request, const std::function<bool(std::string_view)>& chunk,
                  std::stop_token stop);

  // Sends the request, on a connection of its own, within `request.timeout` and not longer than until `stop`, which is
  // unavailable too; the answer is left to be read. The stream may not outlive the client.
  std::unique_ptr<HttpStream> open_stream(const ClientRequest& request, std::stop_token stop);

 private:
  friend class HttpStream;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace slipway::net
