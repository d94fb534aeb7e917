#include <fmt/format.h>

#include "api/routes.hpp"
#include "api/sign_up_request.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

constexpr std::int64_t wait_limit_seconds = 120;

void check_content_type(const net::ServerRequest& request) {
  const std::string type = lowered_ascii(trimmed(split(net::header(request.headers, "Content-Type"), ';').front()));
  if (type == "application/json") return;
  throw Error(ErrorKind::invalid, type.empty() ? "send the body as Content-Type: application/json"
                                               : fmt::format("the body is {}; send application/json", type));
}

net::Response accepted(const Call& call, const Tenant& t, const AccessSpec& access) {
  const std::string url = access_url(access, t.sign_up.slug, t.port);
  net::Response response =
      json_response(202, {{"tenantId", t.id.value()},
                          {"userId", t.sign_up.user_id.value()},
                          {"status", to_string(t.status)},
                          {"statusUrl", status_url(call, t.id)},
                          {"accessUrl", url.empty() ? boost::json::value(nullptr) : boost::json::value(url)},
                          {"port", t.port ? boost::json::value(t.port->value()) : boost::json::value(nullptr)}});
  response.headers.emplace_back("Location", "/v1/tenants/" + t.id.value());
  return response;
}

std::string settled_message(const Tenant& t) {
  switch (t.status) {
    case Status::active:
      return fmt::format("{} is ready", t.sign_up.company_name.value());
    case Status::failed:
      return fmt::format("provisioning failed: {}", t.reason);
    case Status::crash_loop:
      return fmt::format("the app keeps ending: {}", t.reason);
    default:
      return fmt::format("the tenant is {}", to_string(t.status));
  }
}

net::Response settled(const Tenant& t, const AccessSpec& access) {
  const std::string url = access_url(access, t.sign_up.slug, t.port);
  const Mail* welcome = find_mail(t, "welcome");
  return json_response(200, {{"message", settled_message(t)},
                             {"tenantId", t.id.value()},
                             {"userId", t.sign_up.user_id.value()},
                             {"status", to_string(t.status)},
                             {"accessUrl", url.empty() ? boost::json::value(nullptr) : boost::json::value(url)},
                             {"port", t.port ? boost::json::value(t.port->value()) : boost::json::value(nullptr)},
                             {"emailSent", welcome != nullptr && welcome->state == MailState::sent}});
}

Tenant accept(const Call& call, const Context& context) {
  check_content_type(call.request);
  const SignUp sign_up = parse_sign_up(call.request.body);
  std::optional<IdempotencyKey> key;
  const std::string sent = net::header(call.request.headers, "Idempotency-Key");
  if (!sent.empty()) key = parse_idempotency_key(sent);
  auto result = context.tenants.sign_up(sign_up, key, sign_up_hash(sign_up));
  if (const auto* refused = std::get_if<Refused>(&result)) {
    throw Error(ErrorKind::conflict, fmt::format("{}: {}", refused->field, refused->reason))
        .on(refused->field, refused->reason);
  }
  if (auto* created = std::get_if<Created>(&result)) {
    const Tenant& t = created->tenant;
    context.log.info("signed up",
                     {{"request", call.request_id}, {"tenant", t.id.value()}, {"subdomain", t.sign_up.slug.value()}});
    return std::move(created->tenant);
  }
  return std::move(std::get<Existing>(result).tenant);
}

// Holds the answer until the tenant is settled, without holding a worker.
net::WaitingResponse hold(const Call& call, const Context& context, const TenantId& id, Millis timeout) {
  auto token = std::make_shared<Watch::Token>();
  net::WaitingResponse waiting;
  waiting.timeout = timeout;
  waiting.subscribe = [&context, id, token](std::function<void()> wake) {
    const auto wake_if_settled = [&context, id, wake = std::move(wake)] {
      const auto tenant = context.store.find(id);
      if (!tenant || is_settled(*tenant)) wake();
    };
    *token = context.watch.on_change(id, wake_if_settled);
    wake_if_settled();
  };
  // The request is gone by then; what the answer needs of it is copied. The token ends with this function.
  const auto request = std::make_shared<net::ServerRequest>(call.request);
  waiting.finish = [&context, id, token, request, request_id = call.request_id] {
    const auto tenant = context.store.find(id);
    if (!tenant) throw Error(ErrorKind::not_found, fmt::format("there is no tenant {}", id.value()));
    const Call again{*request, {}, {}, request_id};
    return is_settled(*tenant) ? settled(*tenant, context.access) : accepted(again, *tenant, context.access);
  };
  return waiting;
}

}  // namespace

void add_sign_up_routes(Router& router, const Context& context) {
  router.add("POST", "/provision", [&context](const Call& call) -> net::Reply {
    const std::int64_t wait = query_number(call, "wait", 0, 0, wait_limit_seconds);
    const Tenant tenant = accept(call, context);
    if (wait == 0) return accepted(call, tenant, context.access);
    if (is_settled(tenant)) return settled(tenant, context.access);
    return hold(call, context, tenant.id, std::chrono::seconds(wait));
  });
}

}  // namespace slipway::api
