#include "api/access_line.hpp"

#include <fmt/format.h>

#include "api/problem.hpp"

namespace slipway::api {
namespace {

// A client may send any word as its method; a metric's label must not follow it.
std::string known_method(const std::string& method) {
  for (const char* known : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == known) return method;
  }
  return "other";
}

// The tenant that the answer is about, where it says so: "/v1/tenants/t_…".
std::string tenant_at(const std::string& location) {
  constexpr std::string_view before = "/v1/tenants/";
  const auto at = location.find(before);
  if (at == std::string::npos) return {};
  const std::string rest = location.substr(at + before.size());
  return rest.substr(0, rest.find_first_of("/?"));
}

}  // namespace

AccessLine::AccessLine(const net::ServerRequest& request, std::string id)
    : method(request.method), path(request.path), peer(request.peer), request_id(std::move(id)) {}

net::Response AccessLine::failed(const Error& error, const Log& log) const {
  if (error.kind() == ErrorKind::internal || error.kind() == ErrorKind::unavailable) {
    log.error(error.message(), {{"request", request_id}, {"method", method}, {"path", path}});
  }
  return problem(error, request_id);
}

void AccessLine::answered(const net::Response& response, const Log& log, Observer* observer) const {
  const auto took = std::chrono::steady_clock::now() - began;
  if (observer != nullptr) observer->answered(known_method(method), route, response.status, took);
  const bool reads = method == "GET" || method == "HEAD";
  if (!log.writes(reads ? LogLevel::debug : LogLevel::info)) return;
  const auto level = reads ? &Log::debug : &Log::info;
  const std::string about = tenant.empty() ? tenant_at(net::header(response.headers, "Location")) : tenant;
  const std::string status = std::to_string(response.status);
  const std::string ms = fmt::format("{:.1f}", std::chrono::duration<double, std::milli>(took).count());
  if (about.empty()) {
    (log.*level)(
        "answered",
        {{"request", request_id}, {"method", method}, {"path", path}, {"status", status}, {"ms", ms}, {"peer", peer}});
  } else {
    (log.*level)("answered", {{"request", request_id},
                              {"tenant", about},
                              {"method", method},
                              {"path", path},
                              {"status", status},
                              {"ms", ms},
                              {"peer", peer}});
  }
}

}  // namespace slipway::api
