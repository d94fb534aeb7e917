#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "contracts/store.hpp"
#include "tests/fakes/memory_objects.hpp"

namespace slipway::test {

// The ledger in memory, with the semantics of a real one (it passes the same contract suite); nothing is durable.
// Rows pass through their document, so that a field which the document forgets is missed here too.
class MemoryStore : public Store {
 public:
  MemoryStore(Port first_port, Port last_port);  // two zeros: no range

  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override;
  std::optional<Tenant> find(const TenantId& id) override;
  std::optional<Tenant> find_slug(const Slug& slug) override;
  std::vector<Tenant> list(const TenantFilter& filter) override;
  std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) override;
  bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) override;
  std::vector<TenantId> due(TimePoint now, std::size_t limit) override;
  std::optional<TimePoint> next_due() override;
  std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                 TimePoint now) override;
  std::vector<PortLease> ports(TimePoint now) override;
  std::vector<Event> events(const TenantId& id, std::uint64_t after, std::size_t limit) override;
  void append(const TenantId& id, const Event& event) override;
  Overview overview(TimePoint now, TimePoint ready_since) override;
  InstallationId installation() override { return installation_; }
  void release(const TenantId& id, const std::string& owner) override;
  void break_leases() override;

  void add_key(const ApiKey& key) override;
  std::vector<ApiKey> keys() override;
  std::optional<ApiKey> find_key(std::string_view hash) override;
  bool revoke_key(const KeyId& id, TimePoint now) override;
  void record(const AuditEntry& entry) override;
  std::vector<AuditEntry> audit(const AuditFilter& filter) override;

  std::optional<Object> object(std::string_view kind, std::string_view id) override {
    return objects_.object(kind, id);
  }
  bool put(Object& object) override { return objects_.put(object); }
  bool erase(const Object& object) override { return objects_.erase(object); }
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override {
    return objects_.objects(kind, after, limit);
  }

 private:
  struct Row {
    Tenant tenant;
    std::optional<Lease> lease;
  };
  struct KnownKey {
    std::string body_hash;
    TenantId tenant_id;
    TimePoint created_at;
  };
  struct PortRow {
    PortLease lease;
    std::uint64_t released = 0;  // position in the order of releases; 0: never used
  };

  const KnownKey* known_key(const IdempotencyKey& key, TimePoint now) const;
  const Row* live_row_of(const UserId& user) const;
  const Row* live_row_at(const Slug& slug) const;
  void record_locked(const AuditEntry& entry);
  void append_locked(const TenantId& id, const Event& event);
  PortRow& longest_unused_port(TimePoint now);
  void set_free(PortRow& row);
  void release_ports_of(const TenantId& id, std::optional<Port> keep);
  void lease_learnt(const Tenant& tenant);
  void free_expired_holds(TimePoint now);

  std::mutex mutex_;
  std::map<TenantId, Row> rows_;
  std::map<IdempotencyKey, KnownKey> keys_;
  std::map<Port, PortRow> ports_;
  std::map<std::pair<std::string, Port>, PortLease> learnt_;  // outside the range: a runtime chose them
  std::map<TenantId, std::deque<Event>> events_;
  std::vector<ApiKey> api_keys_;
  std::vector<AuditEntry> audit_;
  MemoryObjects objects_;
  std::uint64_t last_seq_ = 0;
  std::uint64_t last_release_ = 0;
  InstallationId installation_;
};

}  // namespace slipway::test
