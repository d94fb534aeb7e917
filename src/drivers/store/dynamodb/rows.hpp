#pragma once
#include <optional>
#include <string>

#include "contracts/store.hpp"
#include "drivers/store/dynamodb/table.hpp"

// A tenant's row as an item.
namespace slipway::dynamodb {

// What the ledger keeps about a row besides what the tenant says of itself.
struct RowFacts {
  bool live = true;          // it holds its user and its subdomain: its status was not deleted
  std::optional<Port> port;  // its lease
  std::string lease_owner;   // the worker's; empty: none
  bool operator==(const RowFacts&) const = default;
};

// One call of save().
struct Saving {
  std::vector<Event> events;
  std::string release;  // the owner whose lease ends; empty: nobody's
  std::string writer;   // names the call, so that a write whose answer was lost is recognised
};

Tenant tenant_at(const Item& row);
RowFacts facts_at(const Item& row);
inline bool is_live(const Tenant& tenant) { return tenant.status != Status::deleted; }

// A new row, if there is none of this id.
Write new_row(const Tenant& tenant, const std::string& writer);

// The row's next version, if the ledger has the tenant's version and the facts are as given.
Write next_row(const Tenant& tenant, const RowFacts& facts, const Saving& saving);

// The row's attribute `leased_port`.
std::string port_text(std::optional<Port> port);

// What `list` searches in: the founder's words in lower case.
std::string search_text(const SignUp& sign_up);

}  // namespace slipway::dynamodb
