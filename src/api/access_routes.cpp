#include <fmt/format.h>

#include "api/body.hpp"
#include "api/routes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

constexpr std::size_t name_limit = 100;

json::object key_json(const ApiKey& key) {
  return {{"id", key.id.value()},
          {"name", key.name},
          {"scope", to_string(key.scope)},
          {"createdAt", to_rfc3339(key.created_at)},
          {"revokedAt", key.revoked_at ? json::value(to_rfc3339(*key.revoked_at)) : json::value(nullptr)}};
}

std::string parse_key_name(std::string_view text) {
  std::string name = trimmed(text);
  const std::size_t length = utf8_length(name);
  if (length == 0 || length == std::string::npos || length > name_limit || has_control_characters(name)) {
    throw Error(ErrorKind::invalid, fmt::format("must be 1 to {} characters without control characters", name_limit));
  }
  return name;
}

Scope parse_key_scope(std::string_view text) {
  const auto scope = parse_scope(text);
  if (!scope) throw Error(ErrorKind::invalid, "must be admin, signup or metrics");
  return *scope;
}

net::Response create_key(const Call& call, const Context& context) {
  std::string name;
  Scope scope = Scope::signup;
  BodyReader reader(json_body(call.request), {"name", "scope"});
  reader.read("name", true, name, parse_key_name);
  reader.read("scope", true, scope, parse_key_scope);
  reader.check();
  const NewApiKey made = new_api_key(name, scope, context.clock.now(), context.random);
  // In this order: a crash between the two leaves a line about a key that nobody has, not a key that no line is about.
  context.store.record(audit_entry(call, context, "POST /v1/keys", made.kept.id.value()));
  context.store.add_key(made.kept);
  json::object answer = key_json(made.kept);
  answer["key"] = made.secret.reveal();
  net::Response response = json_response(201, answer);
  return response;
}

net::Response list_keys(const Context& context) {
  json::array keys;
  for (const ApiKey& key : context.store.keys()) keys.push_back(key_json(key));
  return json_response(200, {{"keys", std::move(keys)}});
}

net::Response revoke_key(const Call& call, const Context& context) {
  const KeyId id(call.path.at("id"));
  if (!context.store.revoke_key(id, context.clock.now())) throw Error(ErrorKind::not_found, "there is no such key");
  return {204, {}, ""};
}

net::Response audit(const Call& call, const Context& context) {
  AuditFilter filter;
  filter.after = static_cast<std::uint64_t>(query_number(call, "after", 0, 0, std::int64_t{1} << 53));
  filter.limit = static_cast<std::size_t>(query_number(call, "limit", 100, 1, 1'000));
  if (const auto target = call.query.find("target"); target != call.query.end()) filter.target = target->second;
  json::array entries;
  std::uint64_t last = filter.after;
  for (const AuditEntry& entry : context.store.audit(filter)) {
    last = entry.seq;
    entries.push_back({{"seq", entry.seq},
                       {"at", to_rfc3339(entry.at)},
                       {"actor", entry.actor},
                       {"action", entry.action},
                       {"target", entry.target},
                       {"from", entry.from},
                       {"requestId", entry.request_id}});
  }
  return json_response(200, {{"entries", std::move(entries)}, {"last", last}});
}

}  // namespace

void add_access_routes(Router& router, const Context& context) {
  const auto create = [&context](const Call& call) { return create_key(call, context); };
  router.add("POST", "/v1/keys", Needs::admin, create, Router::Audit::by_handler);
  router.add("GET", "/v1/keys", Needs::admin, [&context](const Call&) { return list_keys(context); });
  router.add("DELETE", "/v1/keys/{id}", Needs::admin,
             [&context](const Call& call) { return revoke_key(call, context); });
  router.add("GET", "/v1/audit", Needs::admin, [&context](const Call& call) { return audit(call, context); });
}

}  // namespace slipway::api
