#include "drivers/store/sqlite/access_rows.hpp"

#include <algorithm>

namespace slipway::sqlite {
namespace {

// id, name, scope, hash, created_at, revoked_at
ApiKey key_at(Query& query) {
  const auto scope = parse_scope(query.text(2));
  if (!scope) throw Error(ErrorKind::internal, "ledger: an API key has the unknown scope " + query.text(2));
  return {KeyId(query.text(0)), query.text(1), *scope, query.text(3), query.time(4).value(), query.time(5)};
}

}  // namespace

void insert_key_row(Connection& ledger, const ApiKey& key) {
  ledger.run("INSERT INTO api_keys (id, name, scope, hash, created_at, revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
             key.id, key.name, to_string(key.scope), key.hash, key.created_at, key.revoked_at);
}

std::vector<ApiKey> key_rows(Connection& ledger) {
  Query query(ledger, "SELECT id, name, scope, hash, created_at, revoked_at FROM api_keys ORDER BY id");
  std::vector<ApiKey> keys;
  while (query.step()) keys.push_back(key_at(query));
  return keys;
}

std::optional<ApiKey> find_key_row(Connection& ledger, std::string_view hash) {
  constexpr std::string_view sql =
      "SELECT id, name, scope, hash, created_at, revoked_at FROM api_keys WHERE hash = ?1 AND revoked_at IS NULL";
  Query query(ledger, sql, hash);
  if (!query.step()) return std::nullopt;
  return key_at(query);
}

bool revoke_key_row(Connection& ledger, const KeyId& id, TimePoint now) {
  return ledger.run("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1", id, now) == 1;
}

void insert_audit(Connection& ledger, const AuditEntry& entry) {
  constexpr std::string_view sql =
      "INSERT INTO audit (at, actor, action, target, origin, request_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
  ledger.run(sql, entry.at, entry.actor, entry.action, entry.target, entry.from, entry.request_id);
}

std::vector<AuditEntry> audit_rows(Connection& ledger, const AuditFilter& filter) {
  constexpr std::string_view all =
      "SELECT seq, at, actor, action, target, origin, request_id FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?2";
  constexpr std::string_view of_target = R"sql(
SELECT seq, at, actor, action, target, origin, request_id FROM audit
WHERE target = ?3 AND seq > ?1 ORDER BY seq LIMIT ?2)sql";
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, 1000);
  std::vector<AuditEntry> entries;
  const auto read = [&](Query& query) {
    while (query.step()) {
      entries.push_back({static_cast<std::uint64_t>(query.integer(0)), query.time(1).value(), query.text(2),
                         query.text(3), query.text(4), query.text(5), query.text(6)});
    }
  };
  if (filter.target.empty()) {
    Query query(ledger, all, filter.after, limit);
    read(query);
  } else {
    Query query(ledger, of_target, filter.after, limit, filter.target);
    read(query);
  }
  return entries;
}

}  // namespace slipway::sqlite
