#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "contracts/store.hpp"

namespace slipway::sqlite {

class Connection;
class GroupCommit;
class ReaderPool;

struct Options {
  Port first_port{20'000};  // of the range that tenants get their ports from; both 0: none
  Port last_port{29'999};
  Millis busy_timeout{5'000};  // how long a call waits for another process that is writing
};

// The ledger in one SQLite file (write-ahead log, synchronous=FULL). Writers that come together share a transaction and
// its fsync; readers never wait for a writer. Several processes may have the same file open.
class SqliteStore : public Store {
 public:
  // Opens the ledger, making and migrating it as needed: whoever has a SqliteStore has an open ledger. Throws
  // unavailable (the path, the disk), internal (no ledger, damaged, written by a newer Slipway), invalid (empty range).
  explicit SqliteStore(const std::string& path, const Options& options = {});
  ~SqliteStore() override;

  SignUpResult sign_up(const NewTenant& wanted, TimePoint now) override;
  std::optional<Tenant> find(const TenantId& id) override;
  std::optional<Tenant> find_slug(const Slug& slug) override;
  std::vector<Tenant> list(const TenantFilter& filter) override;
  std::vector<TenantId> ids(Status status, const std::string& after, std::size_t limit) override;
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
  InstallationId installation() override;
  void release(const TenantId& id, const std::string& owner) override;
  void break_leases() override;

  void add_key(const ApiKey& key) override;
  std::vector<ApiKey> keys() override;
  std::optional<ApiKey> find_key(std::string_view hash) override;
  bool revoke_key(const KeyId& id, TimePoint now) override;
  void record(const AuditEntry& entry) override;
  std::vector<AuditEntry> audit(const AuditFilter& filter) override;

  std::optional<Object> object(std::string_view kind, std::string_view id) override;
  bool put(Object& object) override;
  bool erase(const Object& object) override;
  std::vector<Object> objects(std::string_view kind, std::string_view after, std::size_t limit) override;

  // A consistent copy of the ledger as of now, while it is in use; see backup_ledger.
  void backup(const std::string& target_path);

  // How well writers share: `operations` went to disk in `commits` transactions; `waiting` are in line now.
  struct Counters {
    std::uint64_t operations = 0;
    std::uint64_t commits = 0;
    std::size_t waiting = 0;
  };
  Counters counters();

 private:
  template <class F>
  auto write(F&& f);
  SignUpResult sign_up_in(Connection& ledger, const NewTenant& wanted, TimePoint now);
  bool save_in(Connection& ledger, const Tenant& tenant, const std::vector<Event>& events,
               const std::optional<Holder>& holder);
  std::optional<Port> lease_port_in(Connection& ledger, const Tenant& tenant, std::optional<Port> refused,
                                    TimePoint held_until, TimePoint now);

  const std::string path_;
  const Options options_;
  std::unique_ptr<Connection> writer_;
  std::unique_ptr<GroupCommit> commits_;
  std::unique_ptr<ReaderPool> readers_;
  InstallationId installation_;
};

}  // namespace slipway::sqlite
