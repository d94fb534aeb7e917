#pragma once
#include <optional>
#include <string>
#include <vector>

#include "contracts/store.hpp"
#include "drivers/store/sqlite/connection.hpp"

// The statements about tenants, their keys and their events, each as a function of a connection.
namespace slipway::sqlite {

InstallationId read_installation(Connection& ledger);

// "Live" is a tenant whose status is not `deleted`.
std::optional<Tenant> find_row(Connection& ledger, const TenantId& id);
std::optional<Tenant> find_live_row_at(Connection& ledger, const Slug& slug);
std::optional<Tenant> find_live_row_of(Connection& ledger, const UserId& user);
bool had_tenant(Connection& ledger, const UserId& user);  // live or deleted
std::vector<Tenant> list_rows(Connection& ledger, const TenantFilter& filter);

std::vector<TenantId> ids_with(Connection& ledger, Status status, const std::string& after, std::size_t limit);
void insert_row(Connection& ledger, const Tenant& tenant);
bool update_row(Connection& ledger, const Tenant& tenant, const std::optional<Holder>& holder);
std::optional<Tenant> claim_row(Connection& ledger, const TenantId& id, const Lease& lease, TimePoint now);
bool release_row(Connection& ledger, const TenantId& id, const std::string& owner);  // false: it was not theirs
void end_leases(Connection& ledger);
std::vector<TenantId> due_rows(Connection& ledger, TimePoint now, std::size_t limit);
std::optional<TimePoint> next_due_time(Connection& ledger);

struct KnownKey {
  std::string body_hash;
  TenantId tenant_id;
};
std::optional<KnownKey> find_key(Connection& ledger, const IdempotencyKey& key, TimePoint now);
void insert_key(Connection& ledger, const IdempotencyKey& key, const std::string& body_hash, const TenantId& tenant,
                TimePoint now);

void insert_event(Connection& ledger, const TenantId& tenant, const Event& event);
void trim_events(Connection& ledger, const TenantId& tenant);
std::vector<Event> events_of(Connection& ledger, const TenantId& tenant, std::uint64_t after, std::size_t limit);

}  // namespace slipway::sqlite
