#include "api/gate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

constexpr std::string_view key_prefix = "sk_";
constexpr std::size_t key_length = 46;

std::string hash_of(std::string_view key) { return to_hex(sha256(key)); }

// RFC 6750: "Authorization: Bearer KEY"; empty where there is none.
std::string bearer(const net::ServerRequest& request) {
  const std::string header = net::header(request.headers, "Authorization");
  const auto space = header.find(' ');
  if (space == std::string::npos || !net::same_ignoring_case(header.substr(0, space), "Bearer")) return {};
  return trimmed(header.substr(space + 1));
}

bool suffices(Scope scope, Needs needs) {
  return scope == Scope::admin || needs == Needs::key_or_nothing ||
         (needs == Needs::signup && scope == Scope::signup) || (needs == Needs::metrics && scope == Scope::metrics);
}

std::string_view name_of(Needs needs) {
  if (needs == Needs::signup) return "signup";
  return needs == Needs::metrics ? "metrics" : "admin";
}

Error limited(std::string_view what, double per_minute, Millis wait) {
  return Error(ErrorKind::limited, fmt::format("{}: at most {} a minute", what, per_minute)).after(wait);
}

}  // namespace

NewApiKey new_api_key(const std::string& name, Scope scope, TimePoint now, Random& random) {
  Secret secret(std::string(key_prefix) + new_key(random).reveal());
  ApiKey kept{KeyId(new_id("k_", now, random)), name, scope, hash_of(secret.reveal()), now, std::nullopt};
  return {std::move(secret), std::move(kept)};
}

Caller Gate::admit(const net::ServerRequest& request, Needs needs) const {
  if (request.peer == "unix") {
    const std::string actor = request.peer_uid ? fmt::format("socket uid {}", *request.peer_uid) : "socket";
    return {actor, "unix", Scope::admin, true};
  }
  const auto proxies = policy();
  const std::string from = client_address(request.peer, request.headers, proxies->trusted_proxies);
  const bool tls = request.tls || came_over_tls(request.peer, request.headers, proxies->trusted_proxies);
  const std::string given = bearer(request);
  if (needs == Needs::nothing || (needs == Needs::key_or_nothing && given.empty())) {
    return {"anyone", from, std::nullopt, false, tls};
  }
  if (given.empty()) {
    throw Error(ErrorKind::unauthorized,
                "this needs an API key: send Authorization: Bearer sk_…; slipway keys create makes one");
  }
  std::optional<ApiKey> key;
  if (given.size() == key_length && given.starts_with(key_prefix)) key = store_.find_key(hash_of(given));
  if (!key) throw Error(ErrorKind::unauthorized, "the API key is unknown or revoked");
  if (!suffices(key->scope, needs)) {
    throw Error(ErrorKind::forbidden, fmt::format("this needs a key of the scope {}; the one given has the scope {}",
                                                  name_of(needs), to_string(key->scope)));
  }
  return {key->id.value(), from, key->scope, false, tls};
}

void Gate::use(CallLimits policy) {
  const std::lock_guard lock(mutex_);
  policy_ = std::make_shared<const CallLimits>(std::move(policy));
}

std::shared_ptr<const CallLimits> Gate::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void Gate::count_try(const Caller& caller) {
  if (caller.local) return;
  const double limit = policy()->sign_ups_per_address;
  if (const auto wait = by_address_.take(client_of(caller.from), limit)) {
    throw limited("too many sign-ups from this address", limit, *wait);
  }
}

Reservation Gate::reserve_sign_up(const Caller& caller) {
  const double limit = caller.local ? 0 : policy()->sign_ups_per_key;
  if (const auto wait = by_key_.take(caller.actor, limit)) {
    throw limited("too many sign-ups with this key", limit, *wait);
  }
  return {by_key_, caller.actor, limit};
}

// https://fetch.spec.whatwg.org/#http-cors-protocol. Keys travel in a header, never in a cookie, so no credentials.
net::Headers Gate::cors_headers(const net::ServerRequest& request) const {
  const auto policy = this->policy();
  const auto& origins = policy->cors_origins;
  if (origins.empty()) return {};
  net::Headers headers{{"Vary", "Origin"}};
  const std::string origin = net::header(request.headers, "Origin");
  const auto allows = [&](const std::string& allowed) { return allowed == "*" || allowed == origin; };
  if (origin.empty() || std::none_of(origins.begin(), origins.end(), allows)) return headers;
  headers.emplace_back("Access-Control-Allow-Origin", origin);
  headers.emplace_back("Access-Control-Expose-Headers", "Location, Retry-After, X-Request-Id");
  if (request.method == "OPTIONS") {
    headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, DELETE");
    headers.emplace_back("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, Last-Event-ID");
    headers.emplace_back("Access-Control-Max-Age", "600");
  }
  return headers;
}

}  // namespace slipway::api
