#include "drivers/store/sqlite/overview.hpp"

#include <algorithm>

namespace slipway::sqlite {
namespace {

constexpr std::string_view by_status = "SELECT status, count(*) FROM tenants GROUP BY status";
constexpr std::string_view due = R"sql(
SELECT count(*), min(due_at) FROM tenants WHERE due_at <= ?1 AND (lease_until IS NULL OR lease_until <= ?1))sql";
constexpr std::string_view mail_owed = R"sql(
SELECT count(*), min(mail_owed_since) FROM tenants WHERE mail_owed_since IS NOT NULL)sql";
constexpr std::string_view to_ready = R"sql(
SELECT ready_at - created_at FROM tenants WHERE ready_at >= ?1 ORDER BY ready_at DESC LIMIT 10000)sql";
constexpr std::string_view count_used_ports = "SELECT count(*) FROM ports WHERE status <> 'free'";
constexpr std::string_view learnt_ports = "SELECT count(*) FROM learnt_ports WHERE port > 0";
// Holds that have run out are freed by whoever wants a port next.
constexpr std::string_view held_ports = R"sql(
SELECT count(*), coalesce(sum(held_until > ?1), 0) FROM ports WHERE status = 'held')sql";

std::size_t count(const Query& query, int column) { return static_cast<std::size_t>(query.integer(column)); }

void count_tenants(Connection& ledger, Overview& overview) {
  Query query(ledger, by_status);
  while (query.step()) {
    if (const auto status = parse_status(query.text(0))) overview.tenants[*status] = count(query, 1);
  }
}

void count_ports(Connection& ledger, TimePoint now, Overview& overview) {
  Query used(ledger, count_used_ports);
  Query held(ledger, held_ports, now);
  Query learnt(ledger, learnt_ports);
  if (!used.step() || !held.step() || !learnt.step()) return;
  overview.ports_leased = count(used, 0) - count(held, 0) + count(learnt, 0);
  overview.ports_held = count(held, 1);
}

}  // namespace

Overview overview_of(Connection& ledger, TimePoint now, TimePoint ready_since) {
  Overview overview;
  count_tenants(ledger, overview);
  count_ports(ledger, now, overview);
  if (Query query(ledger, due, now); query.step()) {
    overview.due = count(query, 0);
    overview.oldest_due = query.time(1);
  }
  if (Query query(ledger, mail_owed); query.step()) {
    overview.mail_owed = count(query, 0);
    overview.mail_owed_since = query.time(1);
  }
  Query query(ledger, to_ready, ready_since);
  while (query.step()) overview.to_ready.emplace_back(query.integer(0));
  std::sort(overview.to_ready.begin(), overview.to_ready.end());
  return overview;
}

}  // namespace slipway::sqlite
