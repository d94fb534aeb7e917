#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "base/error.hpp"
#include "contracts/database.hpp"

namespace slipway::test {

// The server behind FakeDatabase: what exists in it, by name. Shared by the FakeDatabases of several installations, and
// outlives a FakeDatabase that "crashed".
struct FakeServer {
  struct Entry {
    std::uint32_t connections = 0;
    Millis statement_timeout{0};
    std::uint32_t key_generation = 0;
    bool current = true;        // false: made by an older version
    bool open = true;           // may log in
    bool own_password = false;  // which it gave itself
    std::set<int> sessions;
  };
  std::mutex mutex;
  std::map<std::string, Entry> roles;
  std::map<std::string, std::string> databases;  // name -> owner
  int last_session = 0;
};

// A database driver in memory. It does what the contract says, and what a test tells it to do wrong. Thread-safe.
class FakeDatabase : public Database {
 public:
  enum class Call { ensure, close, drop, renew, resources, discard, check };

  explicit FakeDatabase(InstallationId installation,
                        std::shared_ptr<FakeServer> server = std::make_shared<FakeServer>(),
                        std::uint32_t key_generation = 1);

  DatabaseAccess access(const TenantId& tenant) const override;
  void ensure(const TenantId& tenant, const Plan& plan, IfMissing missing = IfMissing::make) override;
  CallResult close(const TenantId& tenant) override;
  CallResult drop(const TenantId& tenant) override;
  void renew() override;
  std::vector<Resource> resources() override;
  void discard(const Resource& resource) override;
  std::string check() override;

  // The next `count` calls throw an Error of this kind and do nothing.
  void fail_next(Call call, unsigned count, ErrorKind kind = ErrorKind::unavailable);
  // The next `count` ensures do half of their work, the role without the database, and then throw `unavailable`.
  void tear_next_ensure(unsigned count);
  // The next `count` calls do their work and then throw `unavailable`, as if the answer had been lost.
  void lose_next_reply(Call call, unsigned count);
  // The next `count` drops, or closes, say that they are under way; the one after them is done.
  void drop_later(unsigned count);
  void close_later(unsigned count);
  // Every call first takes this long.
  void slow(Millis delay);
  // Called at the start of every call, outside any lock: to count, to wait for a latch, to turn a clock, to throw.
  void before_each(std::function<void(Call, const TenantId&)> hook);

  // The state of the world.
  bool exists(const TenantId& tenant) const;          // both the role and the database
  bool leaves_nothing(const TenantId& tenant) const;  // neither
  bool is_open(const TenantId& tenant) const;         // exists, and the role may log in with its derived password
  std::size_t size() const;                           // roles and databases of every installation
  FakeServer& server() { return *server_; }

  // As the tenant does it, with the derived password. A session is a number; nothing where the log-in is refused.
  std::optional<int> log_in(const TenantId& tenant);
  bool is_alive(const TenantId& tenant, int session) const;
  void change_own_password(const TenantId& tenant);
  // As an administrator does it by hand.
  void lose(const TenantId& tenant);  // the database, not the role

 private:
  struct Faults {
    unsigned fail = 0;
    ErrorKind kind = ErrorKind::unavailable;
    unsigned lose_reply = 0;
  };

  void begin(Call call, const TenantId& tenant);
  void end(Call call);
  bool lets_in(const FakeServer::Entry& role) const;
  bool take(unsigned& counter);

  const InstallationId installation_;
  const std::shared_ptr<FakeServer> server_;
  const std::uint32_t key_generation_;

  mutable std::mutex mutex_;
  std::map<Call, Faults> faults_;
  unsigned tear_ = 0;
  unsigned slow_drops_ = 0;
  unsigned slow_closes_ = 0;
  Millis delay_{0};
  std::function<void(Call, const TenantId&)> hook_;
};

std::string_view to_string(FakeDatabase::Call call);

}  // namespace slipway::test
