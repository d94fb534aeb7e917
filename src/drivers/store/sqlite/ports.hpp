#pragma once
#include <optional>
#include <vector>

#include "contracts/store.hpp"
#include "drivers/store/sqlite/connection.hpp"

// The ledger of ports: what is asked of it inside a transaction of the store.
namespace slipway::sqlite {

struct PortRange {
  Port first;  // 0: there is no range, runtimes choose
  Port last;

  bool empty() const { return first.value() == 0; }
  bool has(Port port) const { return !empty() && first <= port && port <= last; }
};

// Leases the port longest unused. Throws Error(limited) where none is free. A hold that ended by `now` is over.
Port lease_longest_unused(Connection& ledger, PortRange range, const TenantId& tenant, const UserId& user,
                          TimePoint now);

std::optional<Port> port_of(Connection& ledger, const TenantId& tenant);

// Ends the tenant's leases but that of `keep`.
void release_ports(Connection& ledger, PortRange range, const TenantId& tenant, std::optional<Port> keep);

// Puts a port on hold; one that another tenant leases is left alone.
void hold_port(Connection& ledger, PortRange range, Port port, const TenantId& tenant, TimePoint until);

// Leases the port with which the tenant's row is saved, if it is not of the range, and ends its other leases of such.
void lease_learnt(Connection& ledger, PortRange range, const Tenant& tenant);

// Leased and held ones, ascending.
std::vector<PortLease> used_ports(Connection& ledger, TimePoint now);

}  // namespace slipway::sqlite
