#include <algorithm>

#include "api/routes.hpp"
#include "openapi.embedded.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

constexpr std::size_t tenants_for_a_page = 1'000;  // whose rows are read for one answer, whether they have mails or not

json::object mail_json(const Tenant& t, const Mail& m) {
  return {{"tenantId", t.id.value()},
          {"subdomain", t.sign_up.slug.value()},
          {"to", m.purpose == "welcome" ? t.sign_up.admin_email.value() : "operator"},
          {"purpose", m.purpose},
          {"state", to_string(m.state)},
          {"attempts", m.attempts},
          {"sentAt", m.sent_at ? json::value(to_rfc3339(*m.sent_at)) : json::value(nullptr)},
          {"error", m.error.empty() ? json::value(nullptr) : json::value(m.error)}};
}

// The mails of the newest tenant first, and of each its newest first. A place in that order is the id of a tenant whose
// mails are through, or the key of the mail that was the last: "<tenant id>/…".
class MailPage {
 public:
  explicit MailPage(std::size_t limit) : limit_(limit) {}

  // Takes the tenant's mails, those that follow `key` where it has that one; false where the page is full before.
  bool take(const Tenant& t, std::string_view key = {}) {
    auto mail = std::find_if(t.mails.rbegin(), t.mails.rend(), [&](const Mail& m) { return m.key == key; });
    mail = mail == t.mails.rend() ? t.mails.rbegin() : std::next(mail);
    for (; mail != t.mails.rend(); ++mail) {
      if (mails_.size() == limit_) return false;
      mails_.push_back(mail_json(t, *mail));
      place_ = mail->key;
    }
    place_ = t.id.value();
    return true;
  }

  net::Response answer(bool more) {
    return json_response(200,
                         {{"mail", std::move(mails_)}, {"next", more ? json::value(place_) : json::value(nullptr)}});
  }

 private:
  const std::size_t limit_;
  json::array mails_;
  std::string place_;
};

net::Response mail(const Call& call, const Context& context) {
  MailPage page(static_cast<std::size_t>(query_number(call, "limit", 100, 1, 1'000)));
  TenantFilter filter{.newest_first = true};
  if (const auto after = call.query.find("after"); after != call.query.end()) {
    const std::string& place = after->second;
    const TenantId id = parse_tenant_id(place.substr(0, place.find('/')));
    filter.after = id.value();
    const auto tenant = place == filter.after ? std::nullopt : context.store.find(id);
    if (tenant && !page.take(*tenant, place)) return page.answer(true);
  }
  for (std::size_t read = 0; read < tenants_for_a_page; read += filter.limit) {
    const auto tenants = context.store.list(filter);
    for (const Tenant& t : tenants) {
      if (!page.take(t)) return page.answer(true);
    }
    if (tenants.size() < filter.limit) return page.answer(false);
    filter.after = tenants.back().id.value();
  }
  return page.answer(true);
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
