#pragma once
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "base/backoff.hpp"
#include "base/random.hpp"
#include "contracts/store.hpp"
#include "drivers/store/dynamodb/access.hpp"
#include "drivers/store/dynamodb/objects.hpp"
#include "drivers/store/dynamodb/ports.hpp"
#include "drivers/store/dynamodb/rows.hpp"
#include "drivers/store/dynamodb/table.hpp"
#include "drivers/store/dynamodb/timeline.hpp"

namespace slipway::aws {
class Client;
}

namespace slipway::dynamodb {

struct Options {
  std::string table;
  Port first_port{20'000};  // of the range that tenants get their ports from; both 0: none
  Port last_port{29'999};
  Millis event_time{std::chrono::hours(24 * 90)};  // how long a timeline's lines are kept
  Backoff conflict{Millis(20), Millis(400)};       // pauses when others write the same items
};

// The ledger in one DynamoDB table (table.json), on-demand, shared by any number of processes. What is read by key is
// strongly consistent; what is searched for (list, due, next_due, overview, the whole audit trail) comes from global
// indexes, which follow within moments. README.md has the items and what each call costs.
class DynamoStore : public Store {
 public:
  // Asks nothing of DynamoDB yet. Throws invalid where the range of ports is empty.
  DynamoStore(Call call, const Options& options, Random& random);

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
  // Reads the whole list of tenants in the index, about 32 of them for one read unit: for an operator, not for a scrape
  // every few seconds of 100,000 tenants.
  Overview overview(TimePoint now, TimePoint ready_since) override;
  InstallationId installation() override;
  void release(const TenantId& id, const std::string& owner) override;
  void break_leases() override;  // walks all rows

  void add_key(const ApiKey& key) override { access_.add_key(key); }
  std::vector<ApiKey> keys() override { return access_.keys(); }
  std::optional<ApiKey> find_key(std::string_view hash) override { return access_.find_key(hash); }
  bool revoke_key(const KeyId& id, TimePoint now) override { return access_.revoke_key(id, now); }
  void record(const AuditEntry& entry) override { access_.record(entry); }
  std::vector<AuditEntry> audit(const AuditFilter& filter) override { return access_.audit(filter); }

  std::optional<Object> object(std::string_view kind, std::string_view id) override {
    return find_object(table_, kind, id);
  }
  bool put(Object& object) override { return put_object(table_, object); }
  bool erase(const Object& object) override { return erase_object(table_, object); }
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override {
    return list_objects(table_, kind, after, limit);
  }

 private:
  std::vector<Write> sign_up_writes(const NewTenant& wanted, const Tenant& tenant,
                                    const std::optional<Ports::Candidate>& port, const std::string& writer);
  std::optional<SignUpResult> answer_of(const NewTenant& wanted, TimePoint now, const std::string& writer);
  std::optional<SignUpResult> answer_of_user(const NewTenant& wanted, const Item& user, TimePoint now,
                                             const std::string& writer);
  Write key_write(const NewTenant& wanted, const TenantId& tenant, TimePoint now, const std::string& writer) const;
  std::vector<Write> save_writes(const Tenant& tenant, const RowFacts& facts, const Saving& saving,
                                 std::optional<Timeline::End>& end);
  std::optional<Port> lease_port_once(const Tenant& tenant, const LeaseName& had, std::optional<Port> refused,
                                      TimePoint held_until, TimePoint now, unsigned tries);

  const Options options_;
  Table table_;
  Ports ports_;
  Timeline timeline_;
  Access access_;
  std::mutex mutex_;
  std::optional<InstallationId> installation_;  // once it was read
};

// How the driver speaks through a client of the project's own.
Call through(aws::Client& client);

}  // namespace slipway::dynamodb
