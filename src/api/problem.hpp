#pragma once
#include <string>

#include "base/error.hpp"
#include "net/http.hpp"

namespace slipway::api {

// The error as a problem document (RFC 9457) with its field errors. What `internal` errors say stays in the log.
net::Response problem(const Error& error, const std::string& request_id);
net::Response problem(int status, const std::string& detail, const std::string& request_id);

}  // namespace slipway::api
