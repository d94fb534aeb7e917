#include "drivers/store/sqlite/sqlite_store.hpp"

#include "drivers/store/sqlite/access_rows.hpp"
#include "drivers/store/sqlite/backup.hpp"
#include "drivers/store/sqlite/group_commit.hpp"
#include "drivers/store/sqlite/object_rows.hpp"
#include "drivers/store/sqlite/overview.hpp"
#include "drivers/store/sqlite/ports.hpp"
#include "drivers/store/sqlite/reader_pool.hpp"
#include "drivers/store/sqlite/rows.hpp"
#include "drivers/store/sqlite/schema.hpp"

namespace slipway::sqlite {

SqliteStore::SqliteStore(const std::string& path, const Options& options) : path_(path), options_(options) {
  create_file(path);
  writer_ = std::make_unique<Connection>(path, Connection::Mode::write, options.busy_timeout);
  check_identity(*writer_);
  migrate(*writer_, options.busy_timeout);
  set_port_range(*writer_, options.first_port, options.last_port);
  installation_ = read_installation(*writer_);
  commits_ = std::make_unique<GroupCommit>(*writer_);
  readers_ = std::make_unique<ReaderPool>(path, options.busy_timeout);
}

SqliteStore::~SqliteStore() = default;

// Runs `f` in a transaction, perhaps together with other callers', and returns its result once that is on disk.
template <class F>
auto SqliteStore::write(F&& f) {
  std::optional<decltype(f(*writer_))> result;
  commits_->run([&](Connection& ledger) { result.emplace(f(ledger)); });
  return *std::move(result);
}

SignUpResult SqliteStore::sign_up(const NewTenant& wanted, TimePoint now) {
  return write([&](Connection& ledger) { return sign_up_in(ledger, wanted, now); });
}

SignUpResult SqliteStore::sign_up_in(Connection& ledger, const NewTenant& wanted, TimePoint now) {
  const SignUp& sign_up = wanted.tenant.sign_up;
  if (wanted.key) {
    if (const auto known = sqlite::find_key(ledger, *wanted.key, now)) {
      Tenant tenant = find_row(ledger, known->tenant_id).value();
      if (known->body_hash != wanted.body_hash) return other_body(tenant.sign_up, sign_up);
      return Existing{std::move(tenant)};
    }
  }
  if (auto tenant = find_live_row_of(ledger, sign_up.user_id)) {
    if (auto refused = other_content(tenant->sign_up, sign_up)) return *std::move(refused);
    // The new key is bound to it too: its late repeat after a deletion must not make another.
    if (wanted.key) insert_key(ledger, *wanted.key, wanted.body_hash, tenant->id, now);
    return Existing{*std::move(tenant)};
  }
  if (!wanted.key && had_tenant(ledger, sign_up.user_id)) {
    return Refused{"userId", "this user's tenant was deleted; a new sign-up needs a new Idempotency-Key"};
  }
  if (find_live_row_at(ledger, sign_up.slug)) return Refused{"subdomain", "this subdomain is taken"};

  Tenant tenant = wanted.tenant;
  const PortRange range{options_.first_port, options_.last_port};
  if (!range.empty()) tenant.port = lease_longest_unused(ledger, range, tenant.id, sign_up.user_id, now);
  tenant.version = 1;
  insert_row(ledger, tenant);
  if (wanted.key) insert_key(ledger, *wanted.key, wanted.body_hash, tenant.id, now);
  insert_event(ledger, tenant.id, wanted.event);
  if (wanted.audit) insert_audit(ledger, *wanted.audit);
  return Created{std::move(tenant)};
}

std::optional<Tenant> SqliteStore::find(const TenantId& id) {
  return readers_->read([&](Connection& ledger) { return find_row(ledger, id); });
}

std::optional<Tenant> SqliteStore::find_slug(const Slug& slug) {
  return readers_->read([&](Connection& ledger) { return find_live_row_at(ledger, slug); });
}

std::vector<Tenant> SqliteStore::list(const TenantFilter& filter) {
  return readers_->read([&](Connection& ledger) { return list_rows(ledger, filter); });
}

std::vector<TenantId> SqliteStore::ids(Status status, const std::string& after, std::size_t limit) {
  return readers_->read([&](Connection& ledger) { return ids_with(ledger, status, after, limit); });
}

std::optional<Tenant> SqliteStore::claim(const TenantId& id, const Lease& lease, TimePoint now) {
  return write([&](Connection& ledger) { return claim_row(ledger, id, lease, now); });
}

bool SqliteStore::save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) {
  const bool saved = write([&](Connection& ledger) { return save_in(ledger, tenant, events, holder); });
  if (saved) tenant.version += 1;
  return saved;
}

bool SqliteStore::save_in(Connection& ledger, const Tenant& tenant, const std::vector<Event>& events,
                          const std::optional<Holder>& holder) {
  if (!update_row(ledger, tenant, holder)) return false;
  for (const Event& event : events) insert_event(ledger, tenant.id, event);
  if (!events.empty()) trim_events(ledger, tenant.id);
  const PortRange range{options_.first_port, options_.last_port};
  release_ports(ledger, range, tenant.id, tenant.port);
  lease_learnt(ledger, range, tenant);
  return true;
}

std::vector<TenantId> SqliteStore::due(TimePoint now, std::size_t limit) {
  return readers_->read([&](Connection& ledger) { return due_rows(ledger, now, limit); });
}

std::optional<TimePoint> SqliteStore::next_due() {
  return readers_->read([&](Connection& ledger) { return next_due_time(ledger); });
}

std::optional<Port> SqliteStore::lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                            TimePoint now) {
  return write([&](Connection& ledger) { return lease_port_in(ledger, tenant, refused, held_until, now); });
}

std::optional<Port> SqliteStore::lease_port_in(Connection& ledger, const Tenant& tenant, std::optional<Port> refused,
                                               TimePoint held_until, TimePoint now) {
  const auto row = find_row(ledger, tenant.id);
  if (!row || row->version != tenant.version) return std::nullopt;
  if (row->status == Status::deleted || row->status == Status::failed) {
    throw Error(ErrorKind::not_found, "lease a port: the tenant is deleted or failed");
  }
  const PortRange range{options_.first_port, options_.last_port};
  if (refused) hold_port(ledger, range, *refused, tenant.id, held_until);
  if (const auto port = port_of(ledger, tenant.id)) return port;
  return lease_longest_unused(ledger, range, tenant.id, tenant.sign_up.user_id, now);
}

std::vector<PortLease> SqliteStore::ports(TimePoint now) {
  return readers_->read([&](Connection& ledger) { return used_ports(ledger, now); });
}

std::vector<Event> SqliteStore::events(const TenantId& id, std::uint64_t after, std::size_t limit) {
  return readers_->read([&](Connection& ledger) { return events_of(ledger, id, after, limit); });
}

void SqliteStore::append(const TenantId& id, const Event& event) {
  commits_->run([&](Connection& ledger) {
    insert_event(ledger, id, event);
    trim_events(ledger, id);
  });
}

Overview SqliteStore::overview(TimePoint now, TimePoint ready_since) {
  Overview overview = readers_->read([&](Connection& ledger) { return overview_of(ledger, now, ready_since); });
  const PortRange range{options_.first_port, options_.last_port};
  overview.ports = range.empty() ? 0 : std::size_t{range.last.value()} - range.first.value() + 1;
  return overview;
}

InstallationId SqliteStore::installation() { return installation_; }

void SqliteStore::release(const TenantId& id, const std::string& owner) {
  write([&](Connection& ledger) { return release_row(ledger, id, owner); });
}

void SqliteStore::break_leases() {
  commits_->run([](Connection& ledger) { end_leases(ledger); });
}

void SqliteStore::add_key(const ApiKey& key) {
  commits_->run([&](Connection& ledger) { insert_key_row(ledger, key); });
}

std::vector<ApiKey> SqliteStore::keys() {
  return readers_->read([](Connection& ledger) { return key_rows(ledger); });
}

std::optional<ApiKey> SqliteStore::find_key(std::string_view hash) {
  return readers_->read([&](Connection& ledger) { return find_key_row(ledger, hash); });
}

bool SqliteStore::revoke_key(const KeyId& id, TimePoint now) {
  return write([&](Connection& ledger) { return revoke_key_row(ledger, id, now); });
}

void SqliteStore::record(const AuditEntry& entry) {
  commits_->run([&](Connection& ledger) { insert_audit(ledger, entry); });
}

std::vector<AuditEntry> SqliteStore::audit(const AuditFilter& filter) {
  return readers_->read([&](Connection& ledger) { return audit_rows(ledger, filter); });
}

std::optional<Object> SqliteStore::object(std::string_view kind, std::string_view id) {
  return readers_->read([&](Connection& ledger) { return find_object_row(ledger, kind, id); });
}

bool SqliteStore::put(Object& object) {
  const bool written = write([&](Connection& ledger) { return put_object_row(ledger, object); });
  if (written) ++object.version;
  return written;
}

bool SqliteStore::erase(const Object& object) {
  return write([&](Connection& ledger) { return erase_object_row(ledger, object); });
}

std::vector<Object> SqliteStore::objects(std::string_view kind, std::string_view after, std::size_t limit) {
  return readers_->read([&](Connection& ledger) { return object_rows(ledger, kind, after, limit); });
}

void SqliteStore::backup(const std::string& target_path) { backup_ledger(path_, target_path); }

SqliteStore::Counters SqliteStore::counters() {
  const GroupCommit::Counters counters = commits_->counters();
  return {counters.operations, counters.commits, counters.waiting};
}

}  // namespace slipway::sqlite
