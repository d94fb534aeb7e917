#include "lambda/runtime_api.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <charconv>

namespace slipway::lambda {
namespace {

constexpr std::string_view base = "/2018-06-01/runtime";
constexpr Millis no_limit{0};
constexpr Millis post_timeout{10'000};
constexpr std::size_t event_limit_bytes = 16u << 20;  // Lambda's own is 6 MB, and a little more with its escapes

net::Endpoint endpoint_of(const std::string& host) {
  net::Endpoint endpoint;
  endpoint.url = "http://" + host;
  return endpoint;
}

void check(const net::Response& answer, int wanted, std::string_view what) {
  if (answer.status == wanted) return;
  throw Error(ErrorKind::unavailable, fmt::format("Lambda's runtime interface: {}: status {}", what, answer.status));
}

std::string failure_body(const std::string& type, const std::string& message) {
  return boost::json::serialize(
      boost::json::object{{"errorType", type}, {"errorMessage", message}, {"stackTrace", boost::json::array{}}});
}

}  // namespace

RuntimeApi::RuntimeApi(const std::string& host) : http_(endpoint_of(host), event_limit_bytes) {}

Invocation RuntimeApi::next() {
  net::ClientRequest request;
  request.target = std::string(base) + "/invocation/next";
  request.timeout = no_limit;
  auto answer = http_.send(request);
  check(answer, 200, "next event");
  Invocation invocation;
  invocation.id = net::header(answer.headers, "Lambda-Runtime-Aws-Request-Id");
  invocation.trace_id = net::header(answer.headers, "Lambda-Runtime-Trace-Id");
  const auto deadline = net::header(answer.headers, "Lambda-Runtime-Deadline-Ms");
  std::int64_t millis = 0;
  const auto [end, error] = std::from_chars(deadline.data(), deadline.data() + deadline.size(), millis);
  if (invocation.id.empty() || error != std::errc() || end != deadline.data() + deadline.size()) {
    throw Error(ErrorKind::unavailable, "Lambda's runtime interface: an event without its id or its deadline");
  }
  invocation.deadline = TimePoint(Millis(millis));
  invocation.event = std::move(answer.body);
  return invocation;
}

void RuntimeApi::post(const std::string& target, const std::string& body, const std::string& type) {
  net::ClientRequest request;
  request.method = "POST";
  request.target = std::string(base) + target;
  request.headers = {{"Content-Type", "application/json"}};
  if (!type.empty()) request.headers.emplace_back("Lambda-Runtime-Function-Error-Type", type);
  request.body = body;
  request.timeout = post_timeout;
  check(http_.send(request), 202, target);
}

void RuntimeApi::respond(const Invocation& invocation, const std::string& answer) {
  post("/invocation/" + invocation.id + "/response", answer, "");
}

void RuntimeApi::fail(const Invocation& invocation, const std::string& type, const std::string& message) {
  post("/invocation/" + invocation.id + "/error", failure_body(type, message), type);
}

void RuntimeApi::fail_init(const std::string& type, const std::string& message) {
  post("/init/error", failure_body(type, message), type);
}

std::string error_type(ErrorKind kind) {
  std::string type = "Slipway.";
  bool upper = true;
  for (const char c : to_string(kind)) {
    if (c != '_') type += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  return type;
}

void serve(RuntimeApi& api, const std::function<std::string(const Invocation&)>& handle) {
  for (;;) {
    const auto invocation = api.next();
    std::string answer;
    std::optional<Error> failure;
    try {
      answer = handle(invocation);
    } catch (const Error& error) {
      failure = error;
    } catch (const std::exception& error) {
      failure.emplace(ErrorKind::internal, error.what());
    }
    if (failure) {
      api.fail(invocation, error_type(failure->kind()), failure->message());
    } else {
      api.respond(invocation, answer);
    }
  }
}

}  // namespace slipway::lambda
