#pragma once
#include <chrono>
#include <string>

#include "base/error.hpp"
#include "base/log.hpp"
#include "contracts/observer.hpp"
#include "net/http_server.hpp"

namespace slipway::api {

// One request on its way to an answer, for the log and for whoever measures. `route` and `tenant` become known on the
// way. What a request asked for in its query or body is never written down.
struct AccessLine {
  explicit AccessLine(const net::ServerRequest& request, std::string request_id);

  // The problem document for the client; what is our side's fault is logged.
  net::Response failed(const Error& error, const Log& log) const;

  // One line: at debug where something was only read, else at info.
  void answered(const net::Response& response, const Log& log, Observer* observer) const;

  std::string method;
  std::string path;
  std::string peer;
  std::string request_id;
  std::string route = "none";  // the pattern
  std::string tenant;          // empty: the request names none
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();
};

}  // namespace slipway::api
