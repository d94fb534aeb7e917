#include <fmt/format.h>

#include "api/body.hpp"
#include "api/routes.hpp"
#include "api/sign_up_request.hpp"
#include "base/crypto.hpp"
#include "base/error.hpp"
#include "contracts/idempotency.hpp"

namespace slipway::api {
namespace {

constexpr std::int64_t wait_limit_seconds = 120;

constexpr std::int64_t status_wait_limit_seconds = 30;

// Whoever has a status URL can open it often: nobody needs to wait this often for one tenant.
constexpr std::size_t waiters_per_tenant = 100;

// Proves that its bearer was given the status URL. It opens nothing else, and follows from the tenant, so that a
// repeated sign-up gets the same one.
std::string status_token(const Context& context, const TenantId& id) {
  constexpr std::size_t digits = 32;  // 128 bits
  return to_hex(hmac_sha256(context.status_key, "status " + id.value())).substr(0, digits);
}

bool same_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

// A host and perhaps a port, in the characters that they may have: it goes into what others will open.
bool is_authority(std::string_view host) {
  return !host.empty() && host.size() <= 260 &&
         host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]") == host.npos;
}

// What the caller reached us at, such as "https://api.example"; empty where the request does not say.
std::string origin_of(const Call& call) {
  const std::string host = net::header(call.request.headers, "Host");
  if (call.caller.local || !is_authority(host)) return {};
  return fmt::format("{}://{}", call.caller.tls ? "https" : "http", host);
}

// Where its status can be asked for without a key, absolute where the origin is known.
std::string status_url(const std::string& origin, const Context& context, const TenantId& id) {
  return fmt::format("{}/v1/tenants/{}/status?token={}", origin, id.value(), status_token(context, id));
}

net::Response accepted(const std::string& origin, const Context& context, const Tenant& t) {
  const std::string url = shown_url(context.access, t);
  const std::string status = status_url(origin, context, t.id);
  net::Response response =
      json_response(202, {{"tenantId", t.id.value()},
                          {"userId", t.sign_up.user_id.value()},
                          {"status", to_string(t.status)},
                          {"plan", t.sign_up.plan.value()},
                          {"admin_email", t.sign_up.admin_email.value()},
                          {"statusUrl", status},
                          {"accessUrl", url.empty() ? boost::json::value(nullptr) : boost::json::value(url)},
                          {"port", t.port ? boost::json::value(t.port->value()) : boost::json::value(nullptr)}});
  response.headers.emplace_back("Location", status);
  return response;
}

// What is said of a tenant to whoever asks: operators get the reason as it is. What an app, Docker or Postgres said is
// no business of a customer, who gets a sentence by its kind.
struct Audience {
  bool is_operator = false;
  std::string language;  // of customers whose metadata names no other
};

Audience audience_of(const Call& call, const Context& context) {
  return {call.caller.scope == Scope::admin, context.language};
}

std::string reason_for(const Audience& audience, const Tenant& t) {
  if (audience.is_operator || t.reason.empty()) return t.reason;
  const auto wanted = t.sign_up.metadata.find("language");
  const std::string& language = wanted == t.sign_up.metadata.end() ? audience.language : wanted->second;
  return std::string(sentence_for(t.reason_code, language));
}

boost::json::value text_or_null(std::string_view text) {
  return text.empty() ? boost::json::value(nullptr) : boost::json::value(text);
}

std::string settled_message(const Tenant& t, const std::string& reason) {
  switch (t.status) {
    case Status::active:
      return fmt::format("{} is ready", t.sign_up.company_name.value());
    case Status::failed:
      return fmt::format("provisioning failed: {}", reason);
    case Status::crash_loop:
      return fmt::format("the app keeps ending: {}", reason);
    default:
      return fmt::format("the tenant is {}", to_string(t.status));
  }
}

net::Response settled(const Tenant& t, const AccessSpec& access, const Audience& audience) {
  const Mail* welcome = find_mail(t, "welcome");
  boost::json::object answer{{"message", settled_message(t, reason_for(audience, t))},
                             {"tenantId", t.id.value()},
                             {"userId", t.sign_up.user_id.value()},
                             {"status", to_string(t.status)},
                             {"accessUrl", text_or_null(shown_url(access, t))},
                             {"port", t.port ? boost::json::value(t.port->value()) : boost::json::value(nullptr)},
                             {"emailSent", welcome != nullptr && welcome->state == MailState::sent}};
  if (!t.reason.empty()) answer["reasonCode"] = to_string(t.reason_code);
  return json_response(200, std::move(answer));
}

// Anybody may hold a `signup` key, and guess a user's id and subdomain: it gets one answer whatever stands in the way.
// Only who sends an idempotency key again learns what differs, as it is as secret as the sign-up that it was made for.
Error conflict(const Refused& refused, const Caller& caller) {
  if (caller.scope == Scope::signup && refused.field != "Idempotency-Key") {
    const std::string why = "the subdomain is taken, or the userId has signed up before with other content";
    return Error(ErrorKind::conflict, why).on("subdomain", why).on("userId", why);
  }
  Error error(ErrorKind::conflict, fmt::format("{}: {}", refused.field, refused.reason));
  std::move(error).on(refused.field, refused.reason);
  for (const std::string& field : refused.changed) {
    if (field != refused.field) std::move(error).on(field, "is not what the first sign-up said");
  }
  return error;
}

Tenant accept(const Call& call, const Context& context) {
  const SignUp sign_up = parse_sign_up(json_body(call.request));
  std::optional<IdempotencyKey> key;
  const std::string sent = net::header(call.request.headers, "Idempotency-Key");
  if (!sent.empty()) key = owned_key(call.caller.local ? "socket" : call.caller.actor, parse_idempotency_key(sent));
  Reservation place = context.gate.reserve_sign_up(call.caller);
  auto result =
      context.tenants.sign_up(sign_up, key, sign_up_hash(sign_up), audit_entry(call, context, "POST /provision", ""));
  if (const auto* refused = std::get_if<Refused>(&result)) throw conflict(*refused, call.caller);
  if (auto* created = std::get_if<Created>(&result)) {
    place.keep();
    const Tenant& t = created->tenant;
    context.log.info("signed up",
                     {{"request", call.request_id}, {"tenant", t.id.value()}, {"subdomain", t.sign_up.slug.value()}});
    return std::move(created->tenant);
  }
  return std::move(std::get<Existing>(result).tenant);
}

// What the bearer of a status URL may know.
net::Response progress(const Tenant& t, const Context& context) {
  const Mail* welcome = find_mail(t, "welcome");
  return json_response(200, {{"tenantId", t.id.value()},
                             {"status", to_string(t.status)},
                             {"reason", text_or_null(reason_for({false, context.language}, t))},
                             {"reasonCode", text_or_null(t.reason.empty() ? "" : to_string(t.reason_code))},
                             {"accessUrl", text_or_null(shown_url(context.access, t))},
                             {"emailSent", welcome != nullptr && welcome->state == MailState::sent}});
}

// Holds the answer until the tenant is settled or the time is over, without holding a worker; `answer` makes it. Where
// too many wait for this tenant already, the answer tells how things stand now.
net::Reply hold(const Context& context, const Tenant& tenant, Millis timeout,
                std::function<net::Response(const Tenant&)> answer) {
  const TenantId id = tenant.id;
  if (context.watch.watchers(id) >= waiters_per_tenant) return answer(tenant);
  auto token = std::make_shared<Watch::Token>();
  net::WaitingResponse waiting;
  waiting.timeout = timeout;
  waiting.subscribe = [&context, id, token](std::function<void()> wake) {
    *token = context.watch.on_change(id, std::move(wake));
  };
  waiting.ready = [&context, id] {
    const auto now = context.store.find(id);
    return !now || is_settled(*now);
  };
  // The token ends with this function.
  waiting.finish = [&context, id, token, answer = std::move(answer)] {
    const auto now = context.store.find(id);
    if (!now) throw Error(ErrorKind::not_found, fmt::format("there is no tenant {}", id.value()));
    return answer(*now);
  };
  return waiting;
}

net::Reply provision(const Call& call, const Context& context) {
  context.gate.count_try(call.caller);
  const std::int64_t wait = query_number(call, "wait", 0, 0, wait_limit_seconds);
  const Tenant tenant = accept(call, context);
  const std::string origin = origin_of(call);
  if (wait == 0) return accepted(origin, context, tenant);
  const Audience audience = audience_of(call, context);
  if (is_settled(tenant)) return settled(tenant, context.access, audience);
  return hold(context, tenant, std::chrono::seconds(wait), [&context, origin, audience](const Tenant& t) {
    return is_settled(t) ? settled(t, context.access, audience) : accepted(origin, context, t);
  });
}

net::Reply status(const Call& call, const Context& context) {
  const TenantId id = parse_tenant_id(call.path.at("id"));
  const auto given = call.query.find("token");
  // A wrong token and a tenant that is not there look the same.
  const bool allowed = given != call.query.end() && same_in_constant_time(given->second, status_token(context, id));
  const auto tenant = allowed ? context.store.find(id) : std::nullopt;
  if (!tenant)
    throw Error(ErrorKind::not_found, "there is no such sign-up, or the token is not the one of its status URL");
  const std::int64_t wait = query_number(call, "wait", 0, 0, status_wait_limit_seconds);
  if (wait == 0 || is_settled(*tenant)) return progress(*tenant, context);
  return hold(context, *tenant, std::chrono::seconds(wait),
              [&context](const Tenant& t) { return progress(t, context); });
}

}  // namespace

void add_sign_up_routes(Router& router, const Context& context) {
  const auto sign_up = [&context](const Call& call) { return provision(call, context); };
  router.add("POST", "/provision", Needs::signup, sign_up, Router::Audit::by_handler);
  router.add("GET", "/v1/tenants/{id}/status", Needs::nothing,
             [&context](const Call& call) { return status(call, context); });
}

}  // namespace slipway::api
