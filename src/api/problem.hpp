#pragma once
#include <string>

#include "base/error.hpp"
#include "net/http.hpp"

namespace slipway::api {

// An Error with a status that its kind does not tell.
class StatusError : public Error {
 public:
  StatusError(int status, ErrorKind kind, std::string message) : Error(kind, std::move(message)), status_(status) {}
  int status() const { return status_; }

 private:
  int status_;
};

// The error as a problem document (RFC 9457) with its field errors. What `internal` errors say stays in the log.
net::Response problem(const Error& error, const std::string& request_id);
net::Response problem(int status, const std::string& detail, const std::string& request_id);

}  // namespace slipway::api
