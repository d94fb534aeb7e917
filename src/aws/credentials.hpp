#pragma once
#include <optional>
#include <string>
#include <utility>

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
  // AWS has called the credentials of this key expired: the next get() fetches anew. Does nothing where there is
  // nothing to fetch, or where other ones are in use meanwhile.
  virtual void refused(const std::string& access_key_id) { static_cast<void>(access_key_id); }
};

// Always the same ones: for tests, and for keys that a profile holds.
class StaticCredentials : public CredentialsProvider {
 public:
  explicit StaticCredentials(Credentials credentials) : credentials_(std::move(credentials)) {}
  Credentials get() override { return credentials_; }

 private:
  Credentials credentials_;
};

}  // namespace slipway::aws
