#include "drivers/store/sqlite/ports.hpp"

namespace slipway::sqlite {
namespace {

// A port that becomes free goes to the end of the order of releases, in which "longest unused" is the first.
constexpr std::string_view end_holds = R"sql(
UPDATE ports SET status = 'free', held_until = NULL, released =
  ifnull((SELECT released FROM ports WHERE status = 'free' ORDER BY released DESC LIMIT 1), 0) + 1
WHERE status = 'held' AND held_until <= ?1)sql";

constexpr std::string_view release = R"sql(
UPDATE ports SET status = 'free', tenant_id = NULL, user_id = NULL, released =
  ifnull((SELECT released FROM ports WHERE status = 'free' ORDER BY released DESC LIMIT 1), 0) + 1
WHERE tenant_id = ?1 AND port IS NOT ?2)sql";

constexpr std::string_view hold = R"sql(
UPDATE ports SET status = 'held', tenant_id = NULL, user_id = NULL, held_until = ?3
WHERE port = ?1 AND (tenant_id IS NULL OR tenant_id = ?2))sql";

// What an older configuration leased and this one does not cover must not be leased again.
constexpr std::string_view drop_outside = "DELETE FROM ports WHERE status <> 'leased' AND (port < ?1 OR port > ?2)";

constexpr std::string_view longest_unused =
    "SELECT port FROM ports WHERE status = 'free' ORDER BY released, port LIMIT 1";

constexpr std::string_view lease = "UPDATE ports SET status = 'leased', tenant_id = ?2, user_id = ?3 WHERE port = ?1";

constexpr std::string_view of_tenant = "SELECT port FROM ports WHERE tenant_id = ?1 ORDER BY port LIMIT 1";

constexpr std::string_view end_learnt =
    "DELETE FROM learnt_ports WHERE tenant_id = ?1 AND (port IS NOT ?2 OR host IS NOT ?3)";

constexpr std::string_view learn = R"sql(
INSERT INTO learnt_ports (port, host, tenant_id, user_id) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (port, host) DO UPDATE SET tenant_id = ?3, user_id = ?4 WHERE tenant_id <> ?3)sql";

constexpr std::string_view used = R"sql(
SELECT port, tenant_id, user_id, held_until, '' AS host FROM ports
WHERE status <> 'free' AND (held_until IS NULL OR held_until > ?1)
UNION ALL SELECT port, tenant_id, user_id, NULL, host FROM learnt_ports WHERE port > 0
ORDER BY port, host)sql";

Port port_at(const Query& query, int column) { return Port(static_cast<std::uint16_t>(query.integer(column))); }

}  // namespace

Port lease_longest_unused(Connection& ledger, PortRange range, const TenantId& tenant, const UserId& user,
                          TimePoint now) {
  ledger.run(end_holds, now);
  Query query(ledger, longest_unused);
  if (!query.step()) {
    if (range.empty()) throw Error(ErrorKind::limited, "there is no range of ports: runtimes choose them");
    throw Error(ErrorKind::limited, "no port from " + std::to_string(range.first.value()) + " to " +
                                        std::to_string(range.last.value()) +
                                        " is free: widen the configured range of ports or delete tenants");
  }
  const Port port = port_at(query, 0);
  ledger.run(lease, port, tenant, user);
  return port;
}

std::optional<Port> port_of(Connection& ledger, const TenantId& tenant) {
  Query query(ledger, of_tenant, tenant);
  if (!query.step()) return std::nullopt;
  return port_at(query, 0);
}

void release_ports(Connection& ledger, PortRange range, const TenantId& tenant, std::optional<Port> keep) {
  if (ledger.run(release, tenant, keep) > 0) ledger.run(drop_outside, range.first, range.last);
}

void lease_learnt(Connection& ledger, PortRange range, const Tenant& tenant) {
  // What an older configuration leased is outside the range too, and stays where it is.
  const bool outside = tenant.port && !range.has(*tenant.port) && port_of(ledger, tenant.id) != tenant.port;
  ledger.run(end_learnt, tenant.id, outside ? tenant.port : std::nullopt, tenant.host);
  if (outside) ledger.run(learn, *tenant.port, tenant.host, tenant.id, tenant.sign_up.user_id);
}

void hold_port(Connection& ledger, PortRange range, Port port, const TenantId& tenant, TimePoint until) {
  if (ledger.run(hold, port, tenant, until) > 0) ledger.run(drop_outside, range.first, range.last);
}

std::vector<PortLease> used_ports(Connection& ledger, TimePoint now) {
  Query query(ledger, used, now);
  std::vector<PortLease> leases;
  while (query.step()) {
    PortLease entry;
    entry.port = port_at(query, 0);
    entry.status = query.is_null(1) ? PortStatus::held : PortStatus::leased;
    entry.tenant_id = TenantId(query.text(1));
    entry.user_id = UserId(query.text(2));
    entry.held_until = query.time(3);
    entry.host = query.text(4);
    leases.push_back(std::move(entry));
  }
  return leases;
}

}  // namespace slipway::sqlite
