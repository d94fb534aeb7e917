#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "contracts/access.hpp"
#include "drivers/store/sqlite/connection.hpp"

// API keys and the audit trail, statement by statement.
namespace slipway::sqlite {

void insert_key_row(Connection& ledger, const ApiKey& key);
std::vector<ApiKey> key_rows(Connection& ledger);
std::optional<ApiKey> find_key_row(Connection& ledger, std::string_view hash);
bool revoke_key_row(Connection& ledger, const KeyId& id, TimePoint now);

void insert_audit(Connection& ledger, const AuditEntry& entry);
std::vector<AuditEntry> audit_rows(Connection& ledger, const AuditFilter& filter);

}  // namespace slipway::sqlite
