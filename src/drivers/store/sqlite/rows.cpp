#include "drivers/store/sqlite/rows.hpp"

#include <algorithm>
#include <limits>

#include "contracts/idempotency.hpp"

namespace slipway::sqlite {
namespace {

// Columns 0 to 2 of a query: doc, version, due_at.
Tenant tenant_at(const Query& query) {
  Tenant tenant = from_document(query.text(0));
  tenant.version = static_cast<std::uint64_t>(query.integer(1));
  tenant.due_at = query.time(2);
  return tenant;
}

std::optional<Tenant> one_tenant(Query& query) {
  if (!query.step()) return std::nullopt;
  return tenant_at(query);
}

// A count of rows for SQL, whose integers are signed.
std::int64_t sql_limit(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, std::numeric_limits<std::int32_t>::max()));
}

}  // namespace

InstallationId read_installation(Connection& ledger) {
  Query query(ledger, "SELECT value FROM meta WHERE key = 'installation'");
  if (!query.step()) {
    throw Error(ErrorKind::internal,
                "ledger " + ledger.path() + ": its installation's name is missing; restore a backup");
  }
  return InstallationId(query.text(0));
}

std::optional<Tenant> find_row(Connection& ledger, const TenantId& id) {
  Query query(ledger, "SELECT doc, version, due_at FROM tenants WHERE id = ?1", id);
  return one_tenant(query);
}

std::optional<Tenant> find_live_row_at(Connection& ledger, const Slug& slug) {
  Query query(ledger, "SELECT doc, version, due_at FROM tenants WHERE slug = ?1 AND status <> 'deleted'", slug);
  return one_tenant(query);
}

std::optional<Tenant> find_live_row_of(Connection& ledger, const UserId& user) {
  Query query(ledger, "SELECT doc, version, due_at FROM tenants WHERE user_id = ?1 AND status <> 'deleted'", user);
  return one_tenant(query);
}

bool had_tenant(Connection& ledger, const UserId& user) {
  Query query(ledger, "SELECT 1 FROM tenants WHERE user_id = ?1 LIMIT 1", user);
  return query.step();
}

std::vector<Tenant> list_rows(Connection& ledger, const TenantFilter& filter) {
  // In one direction or the other, from the filter's id on.
  constexpr std::string_view all[] = {
      "SELECT doc, version, due_at FROM tenants WHERE id > ?1 ORDER BY id LIMIT ?2",
      "SELECT doc, version, due_at FROM tenants WHERE id < ?1 ORDER BY id DESC LIMIT ?2"};
  constexpr std::string_view by_status[] = {
      "SELECT doc, version, due_at FROM tenants WHERE status = ?3 AND id > ?1 ORDER BY id LIMIT ?2",
      "SELECT doc, version, due_at FROM tenants WHERE status = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2"};
  // Reads every row from there on; an operator's question, about 100 ms for 100,000 tenants.
  constexpr std::string_view by_text[] = {R"sql(
SELECT doc, version, due_at FROM tenants
WHERE id > ?1 AND (?3 = '' OR status = ?3) AND instr(lower(
  slug || char(10) || user_id || char(10) || (doc ->> '$.admin_email') || char(10) || (doc ->> '$.company_name')), lower(?4))
ORDER BY id LIMIT ?2)sql",
                                          R"sql(
SELECT doc, version, due_at FROM tenants
WHERE id < ?1 AND (?3 = '' OR status = ?3) AND instr(lower(
  slug || char(10) || user_id || char(10) || (doc ->> '$.admin_email') || char(10) || (doc ->> '$.company_name')), lower(?4))
ORDER BY id DESC LIMIT ?2)sql"};
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, 1000);
  const int direction = filter.newest_first ? 1 : 0;
  const std::string from = filter.newest_first && filter.after.empty() ? "~" : filter.after;  // behind every id
  std::vector<Tenant> page;
  const auto read = [&](Query& query) {
    while (query.step()) page.push_back(tenant_at(query));
  };
  if (!filter.search.empty()) {
    const std::string status(filter.status ? to_string(*filter.status) : "");
    Query query(ledger, by_text[direction], from, limit, status, filter.search);
    read(query);
  } else if (filter.status) {
    Query query(ledger, by_status[direction], from, limit, to_string(*filter.status));
    read(query);
  } else {
    Query query(ledger, all[direction], from, limit);
    read(query);
  }
  return page;
}

std::vector<TenantId> ids_with(Connection& ledger, Status status, const std::string& after, std::size_t limit) {
  // The index tenants_status has all of it.
  constexpr std::string_view sql = "SELECT id FROM tenants WHERE status = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
  Query query(ledger, sql, to_string(status), after, sql_limit(limit));
  std::vector<TenantId> ids;
  while (query.step()) ids.emplace_back(query.text(0));
  return ids;
}

void insert_row(Connection& ledger, const Tenant& tenant) {
  constexpr std::string_view sql = R"sql(
INSERT INTO tenants (id, user_id, slug, status, due_at, version, created_at, doc)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8))sql";
  ledger.run(sql, tenant.id, tenant.sign_up.user_id, tenant.sign_up.slug, to_string(tenant.status), tenant.due_at,
             tenant.version, tenant.created_at, to_document(tenant));
}

bool update_row(Connection& ledger, const Tenant& tenant, const std::optional<Holder>& holder) {
  constexpr std::string_view sql = R"sql(
UPDATE tenants SET doc = ?3, status = ?4, due_at = ?5, version = version + 1, ready_at = ?7, mail_owed_since = ?8,
  lease_until = CASE WHEN ?9 THEN NULL ELSE lease_until END, lease_owner = CASE WHEN ?9 THEN NULL ELSE lease_owner END
WHERE id = ?1 AND version = ?2 AND (?6 IS NULL OR lease_owner = ?6))sql";
  return ledger.run(sql, tenant.id, tenant.version, to_document(tenant), to_string(tenant.status), tenant.due_at,
                    holder ? std::optional(holder->owner) : std::nullopt, tenant.first_ready_at,
                    mail_owed_since(tenant), holder && holder->releases ? 1 : 0) > 0;
}

std::optional<Tenant> claim_row(Connection& ledger, const TenantId& id, const Lease& lease, TimePoint now) {
  constexpr std::string_view sql = R"sql(
UPDATE tenants SET lease_owner = ?2, lease_until = ?3
WHERE id = ?1 AND (lease_owner = ?2 OR (?5 = 0 AND (lease_until IS NULL OR lease_until <= ?4))))sql";
  if (ledger.run(sql, id, lease.owner, lease.until, now, lease.renews ? 1 : 0) == 0) return std::nullopt;
  return find_row(ledger, id);
}

bool release_row(Connection& ledger, const TenantId& id, const std::string& owner) {
  constexpr std::string_view sql =
      "UPDATE tenants SET lease_owner = NULL, lease_until = NULL WHERE id = ?1 AND lease_owner = ?2";
  return ledger.run(sql, id, owner) > 0;
}

void end_leases(Connection& ledger) {
  ledger.run("UPDATE tenants SET lease_owner = NULL, lease_until = NULL WHERE lease_until IS NOT NULL");
}

std::vector<TenantId> due_rows(Connection& ledger, TimePoint now, std::size_t limit) {
  constexpr std::string_view sql = R"sql(
SELECT id FROM tenants WHERE due_at <= ?1 AND (lease_until IS NULL OR lease_until <= ?1)
ORDER BY due_at, id LIMIT ?2)sql";
  Query query(ledger, sql, now, sql_limit(limit));
  std::vector<TenantId> ids;
  while (query.step()) ids.emplace_back(query.text(0));
  return ids;
}

std::optional<TimePoint> next_due_time(Connection& ledger) {
  // The first reads past the few that are leased, the second reads only those.
  constexpr std::string_view unleased = R"sql(
SELECT due_at FROM tenants WHERE due_at IS NOT NULL AND lease_until IS NULL ORDER BY due_at LIMIT 1)sql";
  constexpr std::string_view leased = R"sql(
SELECT min(max(due_at, lease_until)) FROM tenants WHERE lease_until IS NOT NULL)sql";
  std::optional<TimePoint> next;
  for (const std::string_view sql : {unleased, leased}) {
    Query query(ledger, sql);
    if (!query.step()) continue;
    const auto at = query.time(0);
    if (at && (!next || *at < *next)) next = at;
  }
  return next;
}

std::optional<KnownKey> find_key(Connection& ledger, const IdempotencyKey& key, TimePoint now) {
  constexpr std::string_view sql =
      "SELECT body_hash, tenant_id FROM idempotency_keys WHERE key = ?1 AND created_at > ?2";
  for (const auto& name : {std::optional(key), unowned(key)}) {
    if (!name) continue;
    Query query(ledger, sql, *name, now - key_life);
    if (query.step()) return KnownKey{query.text(0), TenantId(query.text(1))};
  }
  return std::nullopt;
}

void insert_key(Connection& ledger, const IdempotencyKey& key, const std::string& body_hash, const TenantId& tenant,
                TimePoint now) {
  // Each new key takes a few with it whose time is over, so that none of them stays for long and none has to wait.
  constexpr std::string_view forget = R"sql(
DELETE FROM idempotency_keys WHERE key IN (
  SELECT key FROM idempotency_keys WHERE created_at <= ?1 ORDER BY created_at LIMIT 4))sql";
  ledger.run(forget, now - key_life);
  ledger.run("INSERT OR REPLACE INTO idempotency_keys (key, body_hash, tenant_id, created_at) VALUES (?1, ?2, ?3, ?4)",
             key, body_hash, tenant, now);
}

void insert_event(Connection& ledger, const TenantId& tenant, const Event& event) {
  std::optional<std::int64_t> duration;
  if (event.duration) duration = event.duration->count();
  ledger.run("INSERT INTO events (tenant_id, at, kind, step, message, duration) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
             tenant, event.at, event.kind, event.step, event.message, duration);
}

void trim_events(Connection& ledger, const TenantId& tenant) {
  // Walks at most 1,000 entries of the index, and as few as the timeline is long.
  constexpr std::string_view sql = R"sql(
DELETE FROM events WHERE tenant_id = ?1
  AND seq <= (SELECT seq FROM events WHERE tenant_id = ?1 ORDER BY seq DESC LIMIT 1 OFFSET 1000))sql";
  ledger.run(sql, tenant);
}

std::vector<Event> events_of(Connection& ledger, const TenantId& tenant, std::uint64_t after, std::size_t limit) {
  constexpr std::string_view newest = R"sql(
SELECT seq, at, kind, step, message, duration FROM events
WHERE tenant_id = ?1 AND seq > ?2 ORDER BY seq DESC LIMIT ?3)sql";
  constexpr std::string_view next = R"sql(
SELECT seq, at, kind, step, message, duration FROM events
WHERE tenant_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3)sql";
  Query query(ledger, after == 0 ? newest : next, tenant, after, sql_limit(limit));
  std::vector<Event> events;
  while (query.step()) {
    Event event;
    event.seq = static_cast<std::uint64_t>(query.integer(0));
    event.at = TimePoint(Millis(query.integer(1)));
    event.kind = query.text(2);
    event.step = query.text(3);
    event.message = query.text(4);
    if (!query.is_null(5)) event.duration = Millis(query.integer(5));
    events.push_back(std::move(event));
  }
  if (after == 0) std::reverse(events.begin(), events.end());
  return events;
}

}  // namespace slipway::sqlite
