#pragma once
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"

namespace slipway::aws {

// What signs a request. `session_token` is empty for a user's long-lived keys.
struct Credentials {
  std::string access_key_id;
  Secret secret_access_key;
  Secret session_token;
  std::optional<TimePoint> expires_at;  // nothing: never
};

// Where credentials come from. Thread-safe.
class CredentialsProvider {
 public:
  virtual ~CredentialsProvider() = default;
  // Valid ones: fetched anew 15 minutes before they expire. Throws unauthorized that names every source that was asked
  // and what each answered, never a secret; unavailable where a source did not answer.
  virtual Credentials get() = 0;
};

}  // namespace slipway::aws
