#pragma once
#include <string>
#include <string_view>

#include "contracts/access.hpp"
#include "drivers/store/dynamodb/item.hpp"
#include "model/names.hpp"

// Where each item stands in the table. README.md has the whole layout.
namespace slipway::dynamodb {

constexpr std::string_view by_state = "by_state";  // local: ports by status
constexpr std::string_view by_due = "by_due";      // global, sparse: rows by due time
constexpr std::string_view by_list = "by_list";    // global: rows by id, the audit trail by seq

constexpr std::string_view ports_pk = "PORTS";
constexpr std::string_view keys_pk = "APIKEYS";
constexpr std::string_view tenant_list = "TENANT";
constexpr std::string_view audit_list = "AUDIT";

inline std::string pk_of(const TenantId& id) { return "TENANT#" + id.value(); }
inline Item row_key(const TenantId& id) { return key_of(pk_of(id), "ROW"); }
inline Item user_key(const UserId& id) { return key_of("USER#" + id.value(), "USER"); }
inline Item slug_key(const Slug& slug) { return key_of("SLUG#" + slug.value(), "SLUG"); }
inline std::string pk_of(const IdempotencyKey& key) { return "KEY#" + key.value(); }
inline Item idempotency_key(const IdempotencyKey& key) { return key_of(pk_of(key), "KEY"); }
inline Item api_key(std::string_view hash) { return key_of(keys_pk, hash); }
inline std::string objects_pk(std::string_view kind) { return "OBJECT#" + std::string(kind); }
inline Item object_key(std::string_view kind, std::string_view id) { return key_of(objects_pk(kind), id); }
inline Item installation_key() { return key_of("META", "INSTALLATION"); }

}  // namespace slipway::dynamodb
