#pragma once
#include <optional>
#include <string>

#include "contracts/store.hpp"
#include "drivers/store/dynamodb/table.hpp"
#include "drivers/store/dynamodb/timeline.hpp"

// A tenant's row as an item.
namespace slipway::dynamodb {

// The name of a port's lease: "20000" of one of the range, "32768@203.0.113.9" of one that a runtime chose there,
// "none".
using LeaseName = std::string;

// What the ledger keeps about a row besides what the tenant says of itself.
struct RowFacts {
  bool live = true;  // it holds its user and its subdomain: its status was not deleted
  LeaseName port;    // of its port
  bool operator==(const RowFacts&) const = default;
};

// One call of save().
struct Saving {
  std::vector<Event> events;
  std::optional<Holder> holder;
  std::string writer;  // names the call, so that a write whose answer was lost is recognised
};

Tenant tenant_at(const Item& row);
RowFacts facts_at(const Item& row);
inline bool is_live(const Tenant& tenant) { return tenant.status != Status::deleted; }

// A new row, if there is none of this id.
Write new_row(const Tenant& tenant, const std::string& writer, const LeaseName& port, const Timeline::End& timeline);

// The row's next version with this lease of a port, if the ledger has the tenant's version, the lease on the row is the
// holder's and the facts are as given. `timeline`: its end, where events are appended.
Write next_row(const Tenant& tenant, const RowFacts& facts, const Saving& saving, const LeaseName& port,
               const std::optional<Timeline::End>& timeline);

// Where the tenant's timeline ended when its row was written.
std::optional<Timeline::End> timeline_end_at(const Item& row);

// Writes another lease of a port on the row, if the ledger has the tenant's version and the lease given.
Write lease_on_row(const Tenant& tenant, const LeaseName& had, const LeaseName& port);

// What `list` searches in: the founder's words in lower case.
std::string search_text(const SignUp& sign_up);

}  // namespace slipway::dynamodb
