#include <fmt/format.h>

#include "api/routes.hpp"
#include "base/error.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

net::Response list(const Call& call, const Context& context) {
  json::array tenants;
  json::value next = nullptr;
  const auto subdomain = call.query.find("subdomain");
  if (subdomain != call.query.end()) {
    if (const auto tenant = context.store.find_slug(parse_slug(subdomain->second))) {
      tenants.push_back(tenant_json(*tenant, context.access));
    }
    return json_response(200, {{"tenants", std::move(tenants)}, {"next", nullptr}});
  }
  TenantFilter filter;
  filter.limit = static_cast<std::size_t>(query_number(call, "limit", 100, 1, 1'000));
  if (const auto after = call.query.find("after"); after != call.query.end()) {
    filter.after = parse_tenant_id(after->second).value();
  }
  if (const auto search = call.query.find("q"); search != call.query.end()) filter.search = search->second;
  if (const auto status = call.query.find("status"); status != call.query.end()) {
    filter.status = parse_status(status->second);
    if (!filter.status) {
      const std::string why = fmt::format("'{}' is not a status", status->second);
      throw Error(ErrorKind::invalid, "status: " + why).on("status", why);
    }
  }
  const auto page = context.store.list(filter);
  for (const Tenant& tenant : page) tenants.push_back(tenant_json(tenant, context.access));
  if (page.size() == filter.limit) next = page.back().id.value();
  return json_response(200, {{"tenants", std::move(tenants)}, {"next", std::move(next)}});
}

}  // namespace

void add_tenant_routes(Router& router, const Context& context) {
  router.add("GET", "/v1/tenants", Needs::admin,
             [&context](const Call& call) -> net::Reply { return list(call, context); });
  router.add("GET", "/v1/tenants/{id}", Needs::admin, [&context](const Call& call) -> net::Reply {
    return json_response(200, tenant_json(tenant_of(call, context), context.access));
  });
  const auto change = [&context](Action action) {
    return [&context, action](const Call& call) -> net::Reply {
      const Tenant tenant = context.tenants.change(parse_tenant_id(call.path.at("id")), action);
      return json_response(202, tenant_json(tenant, context.access));
    };
  };
  router.add("DELETE", "/v1/tenants/{id}", Needs::admin, change(Action::remove));
  router.add("POST", "/v1/tenants/{id}/suspend", Needs::admin, change(Action::suspend));
  router.add("POST", "/v1/tenants/{id}/resume", Needs::admin, change(Action::resume));
  router.add("POST", "/v1/tenants/{id}/restart", Needs::admin, change(Action::restart));
  router.add("POST", "/v1/tenants/{id}/apply", Needs::admin, change(Action::apply));
  router.add("POST", "/v1/tenants/{id}/upgrade", Needs::admin, change(Action::upgrade));
  router.add("POST", "/v1/tenants/{id}/retry", Needs::admin, change(Action::retry));
}

}  // namespace slipway::api
