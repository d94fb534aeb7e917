#pragma once
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/call_limits.hpp"
#include "api/rate_limit.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "contracts/access.hpp"
#include "net/http_server.hpp"

namespace slipway::api {

// What a route asks of who calls it. `nothing` looks at no key; `key_or_nothing` takes everybody, and a key where there
// is one, which must be valid.
enum class Needs { nothing, key_or_nothing, signup, metrics, admin };

struct Caller {
  std::string actor;  // "socket uid 0", the id of a key, or "anyone"
  std::string from;   // address of the client behind the trusted proxies, or "unix"
  std::optional<Scope> scope;
  bool local = false;  // over the Unix socket, which only its owner can open
  bool tls = false;    // the client's connection, as far as we are told
};

// A new key and how it is kept. The key is "sk_" and 43 characters; nobody can read it later.
struct NewApiKey {
  Secret secret;
  ApiKey kept;
};
NewApiKey new_api_key(const std::string& name, Scope scope, TimePoint now, Random& random);

// Decides who may do what, and how often. Safe from any thread.
class Gate {
 public:
  Gate(AccessStore& store, const Clock& clock, CallLimits policy)
      : store_(store),
        policy_(std::make_shared<const CallLimits>(std::move(policy))),
        by_address_(clock),
        by_key_(clock) {}

  // From now on this one counts.
  void use(CallLimits policy);

  // Throws unauthorized (no key, an unknown or a revoked one) or forbidden (a key of too small a scope).
  Caller admit(const net::ServerRequest& request, Needs needs) const;

  // Counts one try to sign up, whatever comes of it, against the caller's address. Throws limited, with the time to
  // wait, where there were too many. The local socket is not limited.
  void count_try(const Caller& caller);
  // Counts one new tenant against the caller's key, as long as the reservation lives or where it is kept. Many share a
  // key that a page shows, so what makes no tenant must not use it up. Throws like count_try.
  Reservation reserve_sign_up(const Caller& caller);

  // The headers that let a page of this origin read the answer; none where the origin is not allowed.
  net::Headers cors_headers(const net::ServerRequest& request) const;

 private:
  std::shared_ptr<const CallLimits> policy() const;

  AccessStore& store_;
  mutable std::mutex mutex_;
  std::shared_ptr<const CallLimits> policy_;
  RateLimit by_address_;
  RateLimit by_key_;
};

}  // namespace slipway::api
