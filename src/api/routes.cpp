#include "api/routes.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

json::value time_or_null(const std::optional<TimePoint>& t) {
  return t ? json::value(to_rfc3339(*t)) : json::value(nullptr);
}

json::object mail_json(const Mail& mail) {
  json::object o{{"purpose", mail.purpose},
                 {"state", to_string(mail.state)},
                 {"attempts", mail.attempts},
                 {"sentAt", time_or_null(mail.sent_at)}};
  if (!mail.error.empty()) o["error"] = mail.error;
  return o;
}

std::optional<TimePoint> next_try(const Tenant& t) {
  const bool waiting = t.due_at && *t.due_at > t.updated_at;
  return waiting ? t.due_at : std::nullopt;
}

}  // namespace

Router make_router(const Context& context) {
  Router router(context);
  add_access_routes(router, context);
  add_sign_up_routes(router, context);
  add_tenant_routes(router, context);
  add_timeline_routes(router, context);
  add_operator_routes(router, context);
  add_status_routes(router, context);
  return router;
}

net::Response json_response(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/json"}}, json::serialize(body)};
}

std::int64_t parse_number(std::string_view name, const std::string& text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high) {
    const std::string why = fmt::format("must be a whole number from {} to {}", low, high);
    throw Error(ErrorKind::invalid, fmt::format("{}: {}", name, why)).on(std::string(name), why);
  }
  return value;
}

std::int64_t query_number(const Call& call, std::string_view name, std::int64_t fallback, std::int64_t low,
                          std::int64_t high) {
  const auto found = call.query.find(name);
  return found == call.query.end() ? fallback : parse_number(name, found->second, low, high);
}

Tenant tenant_of(const Call& call, const Context& context) {
  const TenantId id = parse_tenant_id(call.path.at("id"));
  auto tenant = context.store.find(id);
  if (!tenant) throw Error(ErrorKind::not_found, fmt::format("there is no tenant {}", id.value()));
  return std::move(*tenant);
}

json::object tenant_json(const Tenant& t, const AccessSpec& access) {
  json::object metadata;
  for (const auto& [key, value] : t.sign_up.metadata) metadata[key] = value;
  json::array mails;
  for (const Mail& mail : t.mails) mails.push_back(mail_json(mail));
  const Mail* welcome = find_mail(t, "welcome");
  const std::string url = shown_url(access, t);
  json::object o;
  o["tenantId"] = t.id.value();
  o["userId"] = t.sign_up.user_id.value();
  o["subdomain"] = t.sign_up.slug.value();
  o["admin_email"] = t.sign_up.admin_email.value();
  o["company_name"] = t.sign_up.company_name.value();
  o["plan"] = t.sign_up.plan.value();
  o["metadata"] = std::move(metadata);
  o["status"] = to_string(t.status);
  o["reason"] = t.reason.empty() ? json::value(nullptr) : json::value(t.reason);
  o["reasonCode"] = t.reason.empty() ? json::value(nullptr) : json::value(to_string(t.reason_code));
  o["desired"] = to_string(t.desired);
  o["accessUrl"] = url.empty() ? json::value(nullptr) : json::value(url);
  o["port"] = t.port ? json::value(t.port->value()) : json::value(nullptr);
  o["image"] = t.image;
  o["release"] = t.release.empty() ? json::value(nullptr) : json::value(t.release);
  o["outdated"] = t.outdated;
  o["emailSent"] = welcome != nullptr && welcome->state == MailState::sent;
  o["crashes"] = t.crashes;
  o["createdAt"] = to_rfc3339(t.created_at);
  o["updatedAt"] = to_rfc3339(t.updated_at);
  o["readyAt"] = time_or_null(t.first_ready_at);
  o["nextTryAt"] = time_or_null(next_try(t));
  o["mail"] = std::move(mails);
  return o;
}

}  // namespace slipway::api
