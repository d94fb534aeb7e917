#include "base/error.hpp"
#include "drivers/store/dynamodb/dynamo_store.hpp"
#include "drivers/store/dynamodb/keys.hpp"

// save and lease_port: the writes that must agree with what the ledger keeps beside the row (its lease of a port, its
// user and subdomain). They go by a guess, which nearly always holds, make it a condition, and read the row where it
// did not hold.
namespace slipway::dynamodb {
namespace {

Write user_write(const Tenant& tenant, bool live) {
  Write write{.kind = Write::Kind::update,
              .subject = user_key(tenant.sign_up.user_id),
              .update = "SET #tenant_id = :tenant, #live = :live",
              .condition = live ? "attribute_not_exists(#pk) OR #live = :gone" : "#tenant_id = :tenant",
              .values = {{":tenant", text(tenant.id.value())}, {":live", flag(live)}}};
  if (live) write.values[":gone"] = flag(false);
  return write;
}

Write slug_write(const Tenant& tenant, bool live) {
  Write write{.subject = slug_key(tenant.sign_up.slug)};
  if (live) {
    write.subject["tenant_id"] = text(tenant.id.value());
    write.condition = "attribute_not_exists(#pk)";
  } else {
    write.kind = Write::Kind::remove;
    write.condition = "#tenant_id = :tenant";
    write.values = {{":tenant", text(tenant.id.value())}};
  }
  return write;
}

bool is_as_read(const std::optional<Item>& row, const Tenant& tenant) {
  return row && number_of(*row, "version") == static_cast<std::int64_t>(tenant.version);
}

}  // namespace

// The row first: whoever reads the outcome finds its condition at the front.
std::vector<Write> DynamoStore::save_writes(const Tenant& tenant, const RowFacts& facts, const Saving& saving,
                                            std::optional<Timeline::End>& end) {
  const LeaseName port = ports_.wanted(tenant, facts.port);
  std::vector<Write> events;
  if (!saving.events.empty()) {
    end = timeline_.end_of(tenant.id, saving.events.front());
    timeline_.trim(tenant.id, *end, saving.events.size());
    events = timeline_.append(tenant.id, *end, saving.events, saving.writer);
  }
  std::vector<Write> writes{next_row(tenant, facts, saving, port, end)};
  if (facts.live != is_live(tenant)) {
    writes.push_back(user_write(tenant, is_live(tenant)));
    writes.push_back(slug_write(tenant, is_live(tenant)));
  }
  if (facts.port != port) {
    if (facts.port != no_lease) writes.push_back(ports_.release(facts.port, tenant.id, tenant.updated_at));
    if (port != no_lease) {
      for (Write& write : ports_.learn(tenant, port)) writes.push_back(std::move(write));
    }
  }
  for (Write& event : events) writes.push_back(std::move(event));
  return writes;
}

bool DynamoStore::save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) {
  const Saving saving{events, holder, table_.new_token()};
  // A port of the range is on the row because it was leased; one that a runtime chose is there since the last save.
  RowFacts facts{true, tenant.port ? lease_name(*tenant.port) : no_lease};
  facts.port = ports_.wanted(tenant, facts.port);
  for (Table::Tries tries = table_.tries("save a tenant");; tries.again()) {
    std::optional<Timeline::End> end;
    const std::vector<Write> writes = save_writes(tenant, facts, saving, end);
    Outcome outcome;
    if (writes.size() == 1) {
      outcome.done = table_.write(writes.front());  // alone it costs half
    } else {
      outcome = table_.transact(writes);
    }
    if (!outcome.done) {
      timeline_.forget(tenant.id);
      const auto row = table_.get(row_key(tenant.id));
      // Ours, where an answer was lost and the request was sent again.
      const bool ours = row && text_of(*row, "writer") == saving.writer;
      const bool late = !is_as_read(row, tenant) || (holder && text_of(*row, "lease_owner") != holder->owner);
      if (!ours && late) return false;
      if (!ours) {
        const RowFacts found = facts_at(*row);
        const bool rises = is_live(tenant) && !found.live;
        if (rises && facts == found && !outcome.conflict) {
          throw Error(ErrorKind::conflict, "ledger: this deleted tenant's user or subdomain belongs to another now");
        }
        facts = found;
        continue;
      }
    }
    if (holder && holder->releases) {
      timeline_.forget(tenant.id);
    } else if (end) {
      timeline_.remember(tenant.id, *end);
    }
    tenant.version += 1;
    return true;
  }
}

std::optional<Port> DynamoStore::lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                            TimePoint now) {
  for (Table::Tries tries = table_.tries("lease a port");; tries.again()) {
    const auto row = table_.get(row_key(tenant.id), "#version, #live, #status, #leased_port");
    if (!is_as_read(row, tenant)) return std::nullopt;
    const RowFacts facts = facts_at(*row);
    if (!facts.live || text_of(*row, "status") == to_string(Status::failed)) {
      throw Error(ErrorKind::not_found, "lease a port: the tenant is deleted or failed");
    }
    if (const auto port = lease_port_once(tenant, facts.port, refused, held_until, now, tries.count())) return port;
  }
}

// Nothing where others were faster.
std::optional<Port> DynamoStore::lease_port_once(const Tenant& tenant, const LeaseName& had,
                                                 std::optional<Port> refused, TimePoint held_until, TimePoint now,
                                                 unsigned tries) {
  if (ports_.range().empty()) throw Error(ErrorKind::limited, "there is no range of ports: runtimes choose them");
  const bool refuses_own = refused && had == lease_name(*refused);

  std::vector<Write> writes;
  if (refused && ports_.range().contains(*refused)) {
    const auto state = ports_.state_of(*refused);
    // One that another tenant leases is left alone.
    const bool others = state && state->starts_with("leased") && !refuses_own;
    if (state && !others) writes.push_back(ports_.hold(*refused, *state, held_until));
  } else if (had != no_lease && (refuses_own || had.find('@') != had.npos)) {
    writes.push_back(ports_.release(had, tenant.id, now));  // not of the range that is configured now
  }
  if (had != no_lease && !refuses_own && had.find('@') == had.npos) {
    if (!writes.empty() && !table_.write(writes.front())) return std::nullopt;
    return Port(static_cast<std::uint16_t>(std::stoul(had)));
  }
  const Ports::Candidate candidate = ports_.candidate(now, tries);
  writes.push_back(lease_on_row(tenant, had, lease_name(candidate.port)));
  writes.push_back(ports_.lease(candidate, tenant.id, tenant.sign_up.user_id));
  if (!table_.transact(writes).done) return std::nullopt;
  return candidate.port;
}

}  // namespace slipway::dynamodb
