// What an operator watches: the state of things for people, and the same with more detail for Prometheus.
#include "api/routes.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

constexpr int window_hours = 24;

json::value millis_or_null(const std::optional<Millis>& duration) {
  return duration ? json::value(duration->count()) : json::value(nullptr);
}

json::value age_or_null(const std::optional<TimePoint>& since, TimePoint now) {
  return since ? millis_or_null(std::max(Millis(0), now - *since)) : json::value(nullptr);
}

net::Response status(const Context& context) {
  const TimePoint now = context.clock.now();
  const Overview o = context.store.overview(now, now - std::chrono::hours(window_hours));
  json::object tenants;
  for (const auto& [status, count] : o.tenants) tenants[to_string(status)] = count;
  const std::size_t used = std::min(o.ports, o.ports_leased + o.ports_held);
  json::object body;
  body["version"] = context.version;
  body["tenants"] = std::move(tenants);
  body["signUpToReady"] = {{"windowHours", window_hours},
                           {"count", o.to_ready.size()},
                           {"p50Ms", millis_or_null(ready_within(o, 0.5))},
                           {"p95Ms", millis_or_null(ready_within(o, 0.95))}};
  body["due"] = {{"tenants", o.due}, {"oldestMs", age_or_null(o.oldest_due, now)}};
  body["ports"] = {{"free", o.ports - used}, {"leased", o.ports_leased}, {"held", o.ports_held}};
  body["mailOwed"] = {{"tenants", o.mail_owed}, {"oldestMs", age_or_null(o.mail_owed_since, now)}};
  return json_response(200, body);
}

}  // namespace

void add_status_routes(Router& router, const Context& context) {
  router.add("GET", "/v1/status", Needs::admin, [&context](const Call&) -> net::Reply { return status(context); });
  if (!context.metrics) return;
  router.add("GET", "/metrics", Needs::metrics, [&context](const Call&) -> net::Reply {
    return net::Response{200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, context.metrics()};
  });
}

}  // namespace slipway::api
