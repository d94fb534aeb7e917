#pragma once
#include <functional>
#include <string>

#include "base/clock.hpp"
#include "base/error.hpp"
#include "net/http_client.hpp"

namespace slipway::lambda {

// One event to be handled, and until when.
struct Invocation {
  std::string id;
  std::string event;  // JSON
  TimePoint deadline;
  std::string trace_id;  // X-Ray's; may be empty
};

// AWS Lambda's interface for custom runtimes (2018-06-01). For one thread. Errors: unavailable where it does not answer
// or says that the sandbox is beyond repair: the process should end then, and Lambda starts another.
class RuntimeApi {
 public:
  // `host`: what AWS_LAMBDA_RUNTIME_API holds, "127.0.0.1:9001".
  explicit RuntimeApi(const std::string& host);

  // Waits for as long as it takes: the sandbox may be frozen meanwhile.
  Invocation next();
  void respond(const Invocation& invocation, const std::string& answer);
  // `type` as in Lambda-Runtime-Function-Error-Type: "Slipway.Unavailable".
  void fail(const Invocation& invocation, const std::string& type, const std::string& message);
  // The program cannot begin at all.
  void fail_init(const std::string& type, const std::string& message);

 private:
  void post(const std::string& target, const std::string& body, const std::string& error_type);

  net::HttpClient http_;
};

// "Slipway.NotFound": an Error's kind as Lambda shows it.
std::string error_type(ErrorKind kind);

// Handles one event after the other until the interface is gone, which is thrown. What `handle` throws becomes the
// invocation's failure.
[[noreturn]] void serve(RuntimeApi& api, const std::function<std::string(const Invocation&)>& handle);

}  // namespace slipway::lambda
