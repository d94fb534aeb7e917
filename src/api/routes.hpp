#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>

#include "api/router.hpp"

// The routes by subject; make_router adds them all.
namespace slipway::api {

void add_access_routes(Router& router, const Context& context);  // keys, audit
void add_sign_up_routes(Router& router, const Context& context);
void add_tenant_routes(Router& router, const Context& context);
void add_timeline_routes(Router& router, const Context& context);  // events, logs, stats
void add_operator_routes(Router& router, const Context& context);  // mail, sweep, version, health
void add_status_routes(Router& router, const Context& context);    // status, metrics

// Shared by them.
net::Response json_response(int status, const boost::json::value& body);

// A whole number of `name` within [low, high]. Throws invalid.
std::int64_t parse_number(std::string_view name, const std::string& text, std::int64_t low, std::int64_t high);

// A whole number of the query within [low, high], or `fallback` where it is not given. Throws invalid.
std::int64_t query_number(const Call& call, std::string_view name, std::int64_t fallback, std::int64_t low,
                          std::int64_t high);

// The tenant of the path's {id}. Throws invalid or not_found.
Tenant tenant_of(const Call& call, const Context& context);

// The tenant as the API shows it.
boost::json::object tenant_json(const Tenant& tenant, const AccessSpec& access);

}  // namespace slipway::api
