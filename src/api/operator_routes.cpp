#include "api/routes.hpp"
#include "openapi.embedded.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

net::Response mail(const Call& call, const Context& context) {
  const auto limit = static_cast<std::size_t>(query_number(call, "limit", 100, 1, 1'000));
  json::array mails;
  TenantFilter filter;
  filter.limit = 1'000;
  while (mails.size() < limit) {
    const auto page = context.store.list(filter);
    for (const Tenant& t : page) {
      for (const Mail& m : t.mails) {
        if (mails.size() == limit) break;
        mails.push_back({{"tenantId", t.id.value()},
                         {"subdomain", t.sign_up.slug.value()},
                         {"to", m.purpose == "welcome" ? t.sign_up.admin_email.value() : "operator"},
                         {"purpose", m.purpose},
                         {"state", to_string(m.state)},
                         {"attempts", m.attempts},
                         {"sentAt", m.sent_at ? json::value(to_rfc3339(*m.sent_at)) : json::value(nullptr)},
                         {"error", m.error.empty() ? json::value(nullptr) : json::value(m.error)}});
      }
    }
    if (page.size() < filter.limit) break;
    filter.after = page.back().id.value();
  }
  return json_response(200, {{"mail", std::move(mails)}});
}

net::Response sweep(const Call& call, const Context& context) {
  const Unknown unknown = query_number(call, "unknown", 0, 0, 1) == 1 ? Unknown::remove : Unknown::hold;
  const SweepReport report = context.sweeper.sweep(query_number(call, "dry_run", 0, 0, 1) == 1, unknown);
  json::array orphans;
  for (const Orphan& orphan : report.orphans) {
    orphans.push_back({{"kind", orphan.resource.kind},
                       {"name", orphan.resource.name},
                       {"tenantId", orphan.resource.tenant.value()},
                       {"firstSeen", to_rfc3339(orphan.first_seen)},
                       {"removed", orphan.removed},
                       {"held", orphan.held}});
  }
  json::array drifted;
  for (const TenantId& id : report.drifted) drifted.push_back(json::value(id.value()));
  return json_response(200, {{"orphans", std::move(orphans)}, {"drifted", std::move(drifted)}});
}

// Anybody may ask whether we are ready; how each part is, and in which version, is the operator's business. Nobody's
// question waits for a part that hangs.
net::Response ready(const Call& call, const Context& context) {
  const bool details = call.caller.scope == Scope::admin;
  if (context.health != nullptr) context.health->look(details);
  const bool well = context.health == nullptr || context.health->ready();
  json::object answer{{"status", well ? "ready" : "not ready"}};
  if (details && context.health != nullptr) {
    json::object checks;
    json::array not_well;
    for (const Health::Finding& finding : context.health->findings()) {
      checks[finding.name] = finding.found;
      if (!finding.well) not_well.push_back(json::value(finding.name));
    }
    answer["checks"] = std::move(checks);
    answer["notWell"] = std::move(not_well);
  }
  return json_response(well ? 200 : 503, answer);
}

}  // namespace

void add_operator_routes(Router& router, const Context& context) {
  router.add("GET", "/openapi.json", Needs::nothing, [](const Call&) -> net::Reply {
    return net::Response{200, {{"Content-Type", "application/json"}}, std::string(embedded::openapi().front().second)};
  });
  router.add("GET", "/v1/mail", Needs::admin,
             [&context](const Call& call) -> net::Reply { return mail(call, context); });
  router.add("POST", "/v1/sweep", Needs::admin,
             [&context](const Call& call) -> net::Reply { return sweep(call, context); });
  router.add("GET", "/v1/version", Needs::admin, [&context](const Call&) -> net::Reply {
    return json_response(200, {{"version", context.version}});
  });
  router.add_at_once("/healthz", [answer = json_response(200, {{"status", "ok"}})] { return answer; });
  router.add("GET", "/readyz", Needs::key_or_nothing,
             [&context](const Call& call) -> net::Reply { return ready(call, context); });
}

}  // namespace slipway::api
