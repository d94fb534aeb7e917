#include "tests/fakes/memory_store.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/id.hpp"
#include "base/random.hpp"
#include "base/text.hpp"
#include "contracts/idempotency.hpp"

namespace slipway::test {
namespace {

constexpr std::size_t timeline_limit = 1000;

// What a real ledger keeps of a row: its document and the columns beside it.
Tenant as_stored(const Tenant& tenant) {
  Tenant stored = from_document(to_document(tenant));
  stored.version = tenant.version;
  stored.due_at = tenant.due_at;
  return stored;
}

bool matches(const SignUp& s, const std::string& search) {
  const std::string all =
      s.slug.value() + "\n" + s.user_id.value() + "\n" + s.admin_email.value() + "\n" + s.company_name.value();
  return lowered_ascii(all).find(lowered_ascii(search)) != std::string::npos;
}

bool is_live(const Tenant& tenant) { return tenant.status != Status::deleted; }

bool is_held(const PortLease& lease, TimePoint now) {
  return lease.status == PortStatus::held && *lease.held_until > now;
}

}  // namespace

MemoryStore::MemoryStore(Port first_port, Port last_port) {
  for (unsigned port = first_port.value(); port != 0 && port <= last_port.value(); ++port) {
    const Port key(static_cast<std::uint16_t>(port));
    ports_[key].lease.port = key;
  }
  SystemRandom random;
  const std::string id = new_id("i_", TimePoint(), random);
  installation_ = InstallationId(id.substr(id.size() - 6));
}

SignUpResult MemoryStore::sign_up(const NewTenant& wanted, TimePoint now) {
  std::lock_guard lock(mutex_);
  const SignUp& sign_up = wanted.tenant.sign_up;
  if (const KnownKey* known = wanted.key ? known_key(*wanted.key, now) : nullptr) {
    const Tenant& tenant = rows_.at(known->tenant_id).tenant;
    if (known->body_hash != wanted.body_hash) return other_body(tenant.sign_up, sign_up);
    return Existing{tenant};
  }
  if (const Row* row = live_row_of(sign_up.user_id)) {
    if (auto refused = other_content(row->tenant.sign_up, sign_up)) return *std::move(refused);
    if (wanted.key) keys_[*wanted.key] = {wanted.body_hash, row->tenant.id, now};
    return Existing{row->tenant};
  }
  const auto same_user = [&](const auto& entry) { return entry.second.tenant.sign_up.user_id == sign_up.user_id; };
  if (!wanted.key && std::any_of(rows_.begin(), rows_.end(), same_user)) {
    return Refused{"userId", "this user's tenant was deleted; a new sign-up needs a new Idempotency-Key"};
  }
  if (live_row_at(sign_up.slug) != nullptr) return Refused{"subdomain", "this subdomain is taken"};
  if (rows_.contains(wanted.tenant.id)) throw Error(ErrorKind::conflict, "ledger: this tenant id is in use");

  Tenant tenant = as_stored(wanted.tenant);
  tenant.version = 1;
  if (!ports_.empty()) {
    PortRow& port = longest_unused_port(now);
    tenant.port = port.lease.port;
    port.lease = {port.lease.port, "", PortStatus::leased, sign_up.user_id, tenant.id, std::nullopt};
  }
  rows_[tenant.id] = {tenant, std::nullopt};
  if (wanted.key) keys_[*wanted.key] = {wanted.body_hash, tenant.id, now};
  append_locked(tenant.id, wanted.event);
  if (wanted.audit) record_locked(*wanted.audit);
  return Created{tenant};
}

std::optional<Tenant> MemoryStore::find(const TenantId& id) {
  std::lock_guard lock(mutex_);
  const auto row = rows_.find(id);
  if (row == rows_.end()) return std::nullopt;
  return row->second.tenant;
}

std::optional<Tenant> MemoryStore::find_slug(const Slug& slug) {
  std::lock_guard lock(mutex_);
  const Row* row = live_row_at(slug);
  if (row == nullptr) return std::nullopt;
  return row->tenant;
}

std::vector<Tenant> MemoryStore::list(const TenantFilter& filter) {
  std::lock_guard lock(mutex_);
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, 1000);
  std::vector<Tenant> page;
  const auto take = [&](auto row, const auto& end) {
    for (; row != end && page.size() < limit; ++row) {
      const Tenant& tenant = row->second.tenant;
      if (filter.status && tenant.status != *filter.status) continue;
      if (matches(tenant.sign_up, filter.search)) page.push_back(tenant);
    }
  };
  const TenantId after(filter.after);
  if (!filter.newest_first) {
    take(rows_.upper_bound(after), rows_.end());
  } else {
    take(std::make_reverse_iterator(filter.after.empty() ? rows_.end() : rows_.lower_bound(after)), rows_.rend());
  }
  return page;
}

std::optional<Tenant> MemoryStore::claim(const TenantId& id, const Lease& lease, TimePoint now) {
  std::lock_guard lock(mutex_);
  const auto found = rows_.find(id);
  if (found == rows_.end()) return std::nullopt;
  Row& row = found->second;
  const bool own = row.lease && row.lease->owner == lease.owner;
  if (!own && (lease.renews || (row.lease && row.lease->until > now))) return std::nullopt;
  row.lease = lease;
  return row.tenant;
}

bool MemoryStore::save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) {
  std::lock_guard lock(mutex_);
  const auto found = rows_.find(tenant.id);
  if (found == rows_.end() || found->second.tenant.version != tenant.version) return false;
  Row& row = found->second;
  if (holder && (!row.lease || row.lease->owner != holder->owner)) return false;
  if (is_live(tenant) && !is_live(row.tenant) &&
      (live_row_of(row.tenant.sign_up.user_id) != nullptr || live_row_at(row.tenant.sign_up.slug) != nullptr)) {
    throw Error(ErrorKind::conflict, "ledger: this deleted tenant's user or subdomain belongs to another now");
  }
  tenant.version += 1;
  row.tenant = as_stored(tenant);
  if (holder && holder->releases) row.lease.reset();
  for (const Event& event : events) append_locked(tenant.id, event);
  release_ports_of(tenant.id, tenant.port);
  lease_learnt(tenant);
  return true;
}

std::vector<TenantId> MemoryStore::due(TimePoint now, std::size_t limit) {
  std::lock_guard lock(mutex_);
  std::set<std::pair<TimePoint, TenantId>> found;
  for (const auto& [id, row] : rows_) {
    if (row.tenant.due_at && *row.tenant.due_at <= now && (!row.lease || row.lease->until <= now)) {
      found.insert({*row.tenant.due_at, id});
    }
  }
  std::vector<TenantId> ids;
  for (const auto& entry : found) {
    if (ids.size() == limit) break;
    ids.push_back(entry.second);
  }
  return ids;
}

std::optional<TimePoint> MemoryStore::next_due() {
  std::lock_guard lock(mutex_);
  std::optional<TimePoint> next;
  for (const auto& entry : rows_) {
    const Row& row = entry.second;
    if (!row.tenant.due_at) continue;
    const TimePoint at = row.lease ? std::max(*row.tenant.due_at, row.lease->until) : *row.tenant.due_at;
    if (!next || at < *next) next = at;
  }
  return next;
}

std::optional<Port> MemoryStore::lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                            TimePoint now) {
  std::lock_guard lock(mutex_);
  const auto row = rows_.find(tenant.id);
  if (row == rows_.end() || row->second.tenant.version != tenant.version) return std::nullopt;
  const Status status = row->second.tenant.status;
  if (status == Status::deleted || status == Status::failed) {
    throw Error(ErrorKind::not_found, "lease a port: the tenant is deleted or failed");
  }
  const auto held = refused ? ports_.find(*refused) : ports_.end();
  const bool hold = held != ports_.end() &&
                    (held->second.lease.status != PortStatus::leased || held->second.lease.tenant_id == tenant.id);
  const PortRow before = hold ? held->second : PortRow{};
  if (hold) held->second.lease = {*refused, "", PortStatus::held, UserId(), TenantId(), held_until};
  for (const auto& [port, entry] : ports_) {
    if (entry.lease.status == PortStatus::leased && entry.lease.tenant_id == tenant.id) return port;
  }
  try {
    PortRow& port = longest_unused_port(now);
    port.lease = {port.lease.port, "", PortStatus::leased, tenant.sign_up.user_id, tenant.id, std::nullopt};
    return port.lease.port;
  } catch (const Error&) {
    if (hold) held->second = before;  // all or nothing
    throw;
  }
}

std::vector<PortLease> MemoryStore::ports(TimePoint now) {
  std::lock_guard lock(mutex_);
  std::vector<PortLease> used;
  for (const auto& entry : ports_) {
    const PortLease& lease = entry.second.lease;
    if (lease.status == PortStatus::leased || is_held(lease, now)) used.push_back(lease);
  }
  for (const auto& entry : learnt_) used.push_back(entry.second);
  std::stable_sort(used.begin(), used.end(), [](const auto& a, const auto& b) { return a.port < b.port; });
  return used;
}

std::vector<Event> MemoryStore::events(const TenantId& id, std::uint64_t after, std::size_t limit) {
  std::lock_guard lock(mutex_);
  const std::deque<Event>& all = events_[id];
  const auto begin = std::find_if(all.begin(), all.end(), [&](const Event& event) { return event.seq > after; });
  const auto count = static_cast<std::ptrdiff_t>(std::min(static_cast<std::size_t>(all.end() - begin), limit));
  if (after == 0) return {all.end() - count, all.end()};
  return {begin, begin + count};
}

void MemoryStore::append(const TenantId& id, const Event& event) {
  std::lock_guard lock(mutex_);
  append_locked(id, event);
}

Overview MemoryStore::overview(TimePoint now, TimePoint ready_since) {
  std::lock_guard lock(mutex_);
  const auto keep_older = [](std::optional<TimePoint>& oldest, TimePoint at) {
    if (!oldest || at < *oldest) oldest = at;
  };
  Overview overview;
  for (const auto& [id, row] : rows_) {
    const Tenant& t = row.tenant;
    ++overview.tenants[t.status];
    if (t.due_at && *t.due_at <= now && (!row.lease || row.lease->until <= now)) {
      ++overview.due;
      keep_older(overview.oldest_due, *t.due_at);
    }
    if (const auto since = mail_owed_since(t)) {
      ++overview.mail_owed;
      keep_older(overview.mail_owed_since, *since);
    }
    if (t.first_ready_at && *t.first_ready_at >= ready_since) {
      overview.to_ready.push_back(*t.first_ready_at - t.created_at);
    }
  }
  std::sort(overview.to_ready.begin(), overview.to_ready.end());
  overview.ports = ports_.size();
  for (const auto& [port, row] : ports_) {
    overview.ports_leased += row.lease.status == PortStatus::leased ? 1 : 0;
    overview.ports_held += is_held(row.lease, now) ? 1 : 0;
  }
  overview.ports_leased += learnt_.size();
  return overview;
}

void MemoryStore::release(const TenantId& id, const std::string& owner) {
  std::lock_guard lock(mutex_);
  const auto found = rows_.find(id);
  if (found == rows_.end()) return;
  auto& lease = found->second.lease;
  if (lease && lease->owner == owner) lease.reset();
}

void MemoryStore::break_leases() {
  std::lock_guard lock(mutex_);
  for (auto& entry : rows_) entry.second.lease.reset();
}

const MemoryStore::KnownKey* MemoryStore::known_key(const IdempotencyKey& key, TimePoint now) const {
  for (const auto& name : {std::optional(key), unowned(key)}) {
    const auto known = name ? keys_.find(*name) : keys_.end();
    if (known != keys_.end() && known->second.created_at > now - key_life) return &known->second;
  }
  return nullptr;
}

const MemoryStore::Row* MemoryStore::live_row_of(const UserId& user) const {
  for (const auto& entry : rows_) {
    if (is_live(entry.second.tenant) && entry.second.tenant.sign_up.user_id == user) return &entry.second;
  }
  return nullptr;
}

const MemoryStore::Row* MemoryStore::live_row_at(const Slug& slug) const {
  for (const auto& entry : rows_) {
    if (is_live(entry.second.tenant) && entry.second.tenant.sign_up.slug == slug) return &entry.second;
  }
  return nullptr;
}

void MemoryStore::append_locked(const TenantId& id, const Event& event) {
  std::deque<Event>& timeline = events_[id];
  timeline.push_back(event);
  timeline.back().seq = ++last_seq_;
  if (timeline.size() > timeline_limit) timeline.pop_front();
}

MemoryStore::PortRow& MemoryStore::longest_unused_port(TimePoint now) {
  free_expired_holds(now);
  PortRow* best = nullptr;
  for (auto& entry : ports_) {
    PortRow& row = entry.second;
    if (row.lease.status != PortStatus::free) continue;
    if (best == nullptr || row.released < best->released) best = &row;
  }
  if (best == nullptr) {
    throw Error(ErrorKind::limited, "no port is free: widen the configured range of ports or delete tenants");
  }
  return *best;
}

void MemoryStore::set_free(PortRow& row) {
  row.lease = {row.lease.port, "", PortStatus::free, UserId(), TenantId(), std::nullopt};
  row.released = ++last_release_;
}

void MemoryStore::release_ports_of(const TenantId& id, std::optional<Port> keep) {
  for (auto& [port, row] : ports_) {
    if (row.lease.status == PortStatus::leased && row.lease.tenant_id == id && keep != port) set_free(row);
  }
}

void MemoryStore::lease_learnt(const Tenant& tenant) {
  std::erase_if(learnt_, [&](const auto& entry) { return entry.second.tenant_id == tenant.id; });
  if (!tenant.port || ports_.contains(*tenant.port)) return;
  learnt_[{tenant.host, *tenant.port}] = {*tenant.port,           tenant.host, PortStatus::leased,
                                          tenant.sign_up.user_id, tenant.id,   std::nullopt};
}

void MemoryStore::free_expired_holds(TimePoint now) {
  for (auto& entry : ports_) {
    PortRow& row = entry.second;
    if (row.lease.status == PortStatus::held && !is_held(row.lease, now)) set_free(row);
  }
}

void MemoryStore::add_key(const ApiKey& key) {
  std::lock_guard lock(mutex_);
  for (const ApiKey& known : api_keys_) {
    if (known.id == key.id || known.hash == key.hash) throw Error(ErrorKind::conflict, "ledger: this key is known");
  }
  api_keys_.push_back(key);
}

std::vector<ApiKey> MemoryStore::keys() {
  std::lock_guard lock(mutex_);
  return api_keys_;
}

std::optional<ApiKey> MemoryStore::find_key(std::string_view hash) {
  std::lock_guard lock(mutex_);
  for (const ApiKey& key : api_keys_) {
    if (key.hash == hash && !key.revoked_at) return key;
  }
  return std::nullopt;
}

bool MemoryStore::revoke_key(const KeyId& id, TimePoint now) {
  std::lock_guard lock(mutex_);
  for (ApiKey& key : api_keys_) {
    if (key.id != id) continue;
    if (!key.revoked_at) key.revoked_at = now;
    return true;
  }
  return false;
}

void MemoryStore::record(const AuditEntry& entry) {
  std::lock_guard lock(mutex_);
  record_locked(entry);
}

void MemoryStore::record_locked(const AuditEntry& entry) {
  audit_.push_back(entry);
  audit_.back().seq = audit_.size();
}

std::vector<AuditEntry> MemoryStore::audit(const AuditFilter& filter) {
  std::lock_guard lock(mutex_);
  std::vector<AuditEntry> page;
  for (const AuditEntry& entry : audit_) {
    if (page.size() == std::clamp<std::size_t>(filter.limit, 1, 1000)) break;
    if (entry.seq > filter.after && (filter.target.empty() || entry.target == filter.target)) page.push_back(entry);
  }
  return page;
}

}  // namespace slipway::test
