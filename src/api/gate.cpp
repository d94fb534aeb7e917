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
constexpr std::size_t bucket_limit = 10'000;  // addresses remembered at once

std::string hash_of(std::string_view key) { return to_hex(sha256(key)); }

// RFC 6750: "Authorization: Bearer KEY"; empty where there is none.
std::string bearer(const net::ServerRequest& request) {
  const std::string header = net::header(request.headers, "Authorization");
  const auto space = header.find(' ');
  if (space == std::string::npos || !net::same_ignoring_case(header.substr(0, space), "Bearer")) return {};
  return trimmed(header.substr(space + 1));
}

bool suffices(Scope scope, Needs needs) {
  return scope == Scope::admin || (needs == Needs::signup && scope == Scope::signup) ||
         (needs == Needs::metrics && scope == Scope::metrics);
}

std::string_view name_of(Needs needs) {
  if (needs == Needs::signup) return "signup";
  return needs == Needs::metrics ? "metrics" : "admin";
}

}  // namespace

NewApiKey new_api_key(const std::string& name, Scope scope, TimePoint now, Random& random) {
  Secret secret(std::string(key_prefix) + new_key(random).reveal());
  ApiKey kept{KeyId(new_id("k_", now, random)), name, scope, hash_of(secret.reveal()), now, std::nullopt};
  return {std::move(secret), std::move(kept)};
}

Caller Gate::admit(const net::ServerRequest& request, Needs needs) const {
  if (request.peer == "unix") return {"socket", "unix", Scope::admin, true};
  const auto proxies = policy();
  const std::string from = client_address(request.peer, request.headers, proxies->trusted_proxies);
  const bool tls = request.tls || came_over_tls(request.peer, request.headers, proxies->trusted_proxies);
  if (needs == Needs::nothing) return {"anyone", from, std::nullopt, false, tls};
  const std::string given = bearer(request);
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

void Gate::use(AccessPolicy policy) {
  const std::lock_guard lock(mutex_);
  policy_ = std::make_shared<const AccessPolicy>(std::move(policy));
}

std::shared_ptr<const AccessPolicy> Gate::policy() const {
  const std::lock_guard lock(mutex_);
  return policy_;
}

void Gate::count_sign_up(const Caller& caller) {
  if (caller.local) return;
  const std::lock_guard lock(mutex_);
  take("address " + client_of(caller.from), policy_->sign_ups_per_address);
  take("key " + caller.actor, policy_->sign_ups_per_key);
}

void Gate::take(const std::string& name, double per_minute) {
  if (per_minute <= 0) return;
  const TimePoint now = clock_.now();
  const auto filled = [&](const Bucket& bucket) {
    const double seconds = std::max(0.0, std::chrono::duration<double>(now - bucket.at).count());
    return std::min(per_minute, bucket.tokens + seconds * per_minute / 60);
  };
  if (buckets_.size() >= bucket_limit) {
    // What is full again says no more than what is not there.
    std::erase_if(buckets_, [&](const auto& entry) { return now - entry.second.at > std::chrono::minutes(1); });
    if (buckets_.size() >= bucket_limit) buckets_.clear();
  }
  Bucket& bucket = buckets_.try_emplace(name, Bucket{per_minute, now}).first->second;
  bucket = {filled(bucket), now};
  if (bucket.tokens < 1) {
    const Millis wait(static_cast<std::int64_t>((1 - bucket.tokens) * 60'000 / per_minute) + 1);
    throw Error(ErrorKind::limited, fmt::format("too many sign-ups from this {}: at most {} a minute",
                                                name.substr(0, name.find(' ')), per_minute))
        .after(wait);
  }
  bucket.tokens -= 1;
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
