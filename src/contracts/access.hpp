#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "model/names.hpp"

namespace slipway {

using KeyId = Strong<struct KeyIdTag, std::string>;  // "k_" and 20 characters of [0-9a-z]

// What the bearer of a key may do. `signup`: sign up, and nothing else; the answer's status URL needs no key.
// `metrics`: read /metrics. `admin`: everything.
enum class Scope { admin, signup, metrics };
std::string_view to_string(Scope scope);
std::optional<Scope> parse_scope(std::string_view name);

// An API key as it is kept: never the key itself.
struct ApiKey {
  KeyId id;
  std::string name;  // the owner's own words: what it is for
  Scope scope = Scope::signup;
  std::string hash;  // hexadecimal SHA-256 of the key: it is 256 bits of chance, so nothing slower is needed
  TimePoint created_at;
  std::optional<TimePoint> revoked_at;
};

// One thing that was asked for and accepted.
struct AuditEntry {
  std::uint64_t seq = 0;  // given by the ledger, ascending
  TimePoint at;
  std::string actor;   // "socket uid 0" or "k_…": who
  std::string action;  // "POST /v1/tenants/{id}/suspend": what
  std::string target;  // id of the tenant or key; may be empty
  std::string from;    // address of the client, or "unix"
  std::string request_id;
};

struct AuditFilter {
  std::string target;       // only what was done to it; empty: everything
  std::uint64_t after = 0;  // entries with a greater seq
  std::size_t limit = 100;  // 1..1000
};

// Who may use the API, and who did. Kept in the ledger; durable when a call returns. Errors as those of Store.
class AccessStore {
 public:
  virtual ~AccessStore() = default;

  virtual void add_key(const ApiKey& key) = 0;
  virtual std::vector<ApiKey> keys() = 0;  // revoked ones too, oldest first
  // The key with this hash, unless it is revoked.
  virtual std::optional<ApiKey> find_key(std::string_view hash) = 0;
  // False where there is no such key; revoking again changes nothing.
  virtual bool revoke_key(const KeyId& id, TimePoint now) = 0;

  // The trail is only ever added to: the ledger itself refuses to change or remove an entry.
  virtual void record(const AuditEntry& entry) = 0;
  virtual std::vector<AuditEntry> audit(const AuditFilter& filter) = 0;  // ascending by seq
};

}  // namespace slipway
