#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/access_line.hpp"
#include "api/context.hpp"
#include "net/http_server.hpp"

namespace slipway::api {

// A request that found its route.
struct Call {
  const net::ServerRequest& request;
  std::map<std::string, std::string, std::less<>> path;   // "{id}" of the pattern -> its decoded value
  std::map<std::string, std::string, std::less<>> query;  // decoded; the last of equal names counts
  std::string request_id;
};

using RouteHandler = std::function<net::Reply(const Call&)>;

// Request in, reply out; no sockets. Unknown paths are 404, known paths with another method 405 with Allow, and Errors
// become problem documents (RFC 9457). Every answer bears X-Request-Id.
class Router {
 public:
  // `observer` may be null.
  Router(const Clock& clock, Random& random, Log log, Observer* observer = nullptr)
      : clock_(clock), random_(random), log_(std::move(log)), observer_(observer) {}

  // `pattern`: "/v1/tenants/{id}"; a segment in braces matches one non-empty segment.
  void add(std::string method, std::string pattern, RouteHandler handler);

  net::Reply handle(const net::ServerRequest& request) const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    RouteHandler handler;
  };
  net::Reply dispatch(const net::ServerRequest& request, const std::string& request_id, AccessLine& line) const;

  const Clock& clock_;
  Random& random_;
  Log log_;
  Observer* observer_;
  std::vector<Route> routes_;
};

// The whole interface.
Router make_router(const Context& context);

}  // namespace slipway::api
