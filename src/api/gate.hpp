#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/access_policy.hpp"
#include "base/random.hpp"
#include "base/secret.hpp"
#include "contracts/access.hpp"
#include "net/http_server.hpp"

namespace slipway::api {

// What a route asks of who calls it.
enum class Needs { nothing, signup, metrics, admin };

struct Caller {
  std::string actor;  // "socket", the id of a key, or "anyone"
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
  Gate(AccessStore& store, const Clock& clock, AccessPolicy policy)
      : store_(store), clock_(clock), policy_(std::make_shared<const AccessPolicy>(std::move(policy))) {}

  // From now on this one counts.
  void use(AccessPolicy policy);

  // Throws unauthorized (no key, an unknown or a revoked one) or forbidden (a key of too small a scope).
  Caller admit(const net::ServerRequest& request, Needs needs) const;

  // Counts one sign-up of this caller. Throws limited, with the time to wait, where it has made too many. The local
  // socket is not limited.
  void count_sign_up(const Caller& caller);

  // The headers that let a page of this origin read the answer; none where the origin is not allowed.
  net::Headers cors_headers(const net::ServerRequest& request) const;

 private:
  // A bucket that holds a minute's worth and fills evenly.
  struct Bucket {
    double tokens;
    TimePoint at;
  };
  std::shared_ptr<const AccessPolicy> policy() const;
  void take(const std::string& name, double per_minute);

  AccessStore& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::shared_ptr<const AccessPolicy> policy_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace slipway::api
