#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/access_line.hpp"
#include "api/context.hpp"
#include "api/gate.hpp"
#include "base/unique_numbers.hpp"
#include "net/http_server.hpp"

namespace slipway::api {

// A request that found its route.
struct Call {
  const net::ServerRequest& request;
  std::map<std::string, std::string, std::less<>> path;   // "{id}" of the pattern -> its decoded value
  std::map<std::string, std::string, std::less<>> query;  // decoded; the last of equal names counts
  std::string request_id;
  Caller caller;
};

// What the audit trail says of this call.
AuditEntry audit_entry(const Call& call, const Context& context, std::string action, std::string target);

using RouteHandler = std::function<net::Reply(const Call&)>;

// Request in, reply out; no sockets. Unknown paths are 404, known paths with another method 405 with Allow, and Errors
// become problem documents (RFC 9457). Every answer bears X-Request-Id and net::answer_headers().
class Router {
 public:
  explicit Router(const Context& context)
      : context_(context), request_numbers_(std::make_unique<UniqueNumbers>(context.random.next())) {}

  // `pattern`: "/v1/tenants/{id}"; a segment in braces matches one non-empty segment. What was done for a caller
  // (all but GET) is written to the audit trail before the answer goes out, by the router or by the handler itself.
  enum class Audit { by_router, by_handler };
  void add(std::string method, std::string pattern, Needs needs, RouteHandler handler, Audit audit = Audit::by_router);

  // A GET that anybody may ask and whose handler answers from memory, without waiting for anything.
  void add_at_once(std::string path, std::function<net::Response()> handler);

  net::Reply handle(const net::ServerRequest& request) const;
  // The answer to a request that is refused whatever its body is; nothing where the body is to be read.
  std::optional<net::Response> refused(const net::ServerRequest& head) const;
  // Handles what add_at_once knows; cheap enough for the thread that serves all connections. Nothing for the rest.
  std::optional<net::Response> handle_at_once(const net::ServerRequest& request) const;

  // "GET /v1/tenants/{id}", for each route, in the order in which they were added.
  std::vector<std::string> routes() const;

 private:
  struct Route {
    std::string method;
    std::string pattern;
    std::vector<std::string> segments;
    Needs needs;
    RouteHandler handler;
    Audit audit;
    std::function<net::Response()> at_once;  // of those that add_at_once has added
  };
  struct Admitted {
    const Route* route;
    std::map<std::string, std::string, std::less<>> path;
    Caller caller;
  };
  // The route and the caller, who may take it; else the answer that says why not, or an Error.
  std::variant<Admitted, net::Response> admit(const net::ServerRequest& request, AccessLine& line) const;
  net::Reply dispatch(const net::ServerRequest& request, AccessLine& line) const;
  net::Reply run(const Route& route, const Call& call) const;

  std::string next_request_id() const;
  net::Headers headers_for(const net::ServerRequest& request, const std::string& request_id) const;

  const Context& context_;
  std::unique_ptr<UniqueNumbers> request_numbers_;
  std::vector<Route> routes_;
};

// The whole interface.
Router make_router(const Context& context);

}  // namespace slipway::api
