#pragma once
#include <cstdint>
#include <string>

#include "net/http_client.hpp"

namespace slipway::net {

// An endpoint's URL taken apart, with nothing secret in what is shown.
struct Target {
  std::string shown;  // for errors: the URL without credentials
  bool tls = false;
  std::string host;  // without brackets; empty for a Unix socket
  std::uint16_t port = 0;
  std::string socket_path;  // of a Unix socket
  std::string host_header;  // "app.localhost:8000"
  std::string base_path;    // put in front of each request's target; no slash at its end
  Secret authorization;     // "Basic ..." from credentials in the URL
};

// Throws invalid for a URL that is none of http, https and unix.
Target parse_endpoint(const std::string& url);

}  // namespace slipway::net
