#pragma once
#include <cmath>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "contracts/access.hpp"
#include "contracts/objects.hpp"
#include "model/tenant.hpp"

namespace slipway {

// A sign-up as it is to be written down: the row without its port, which the ledger leases in the same transaction.
struct NewTenant {
  Tenant tenant;
  std::optional<IdempotencyKey> key;
  std::string body_hash;  // of the request; the same key with another hash is refused
  Event event;
  std::optional<AuditEntry> audit;  // written with the row, where there is one
};

struct Created {
  Tenant tenant;
};
struct Existing {
  Tenant tenant;
};  // the same key or user: what the first request made
struct Refused {
  std::string field;
  std::string reason;
  std::vector<std::string> changed{};  // of a repeat: the fields in which it differs from what the first one made
};                                     // taken, or a repeat with other content
using SignUpResult = std::variant<Created, Existing, Refused>;

// The two refusals of a repeat, for drivers: of a key's, whose body is not the same; of a user's who has a tenant, or
// nothing where the content is the same.
Refused other_body(const SignUp& kept, const SignUp& asked);
std::optional<Refused> other_content(const SignUp& kept, const SignUp& asked);

// Later than any time that a row waits for.
constexpr TimePoint whenever = TimePoint::max();

// Who works on a tenant: the name of a process's worker, and until when it may.
struct Lease {
  std::string owner;
  TimePoint until;
  bool renews = false;  // only where the owner has it still, run out or not, and nobody has had it since
};

// In whose lease a worker writes a row, and whether that ends the lease.
struct Holder {
  std::string owner;
  bool releases = false;
};

struct TenantFilter {
  std::optional<Status> status;
  std::string after;          // id after which the page begins; ids sort by time of creation
  std::size_t limit = 100;    // 1..1000
  std::string search;         // part of the subdomain, company name, e-mail address or user id; ASCII case is ignored
  bool newest_first = false;  // descending by id; `after` then is the id before which the page begins
};

enum class PortStatus { free, leased, held };

// One port: of the configured range, leased to a tenant or held by a stranger's program until it is tried again; or one
// that a runtime chose and a row was saved with, leased to that tenant.
struct PortLease {
  Port port;
  std::string host;  // the row's; empty: the configured address
  PortStatus status = PortStatus::free;
  UserId user_id;      // of a leased port
  TenantId tenant_id;  // of a leased port
  std::optional<TimePoint> held_until;
};

// The ledger in numbers, for those who watch over it.
struct Overview {
  std::map<Status, std::size_t> tenants;  // how many have each status; a status that none has may be missing
  std::size_t due = 0;                    // tenants whose due time has come and that nobody has leased
  std::optional<TimePoint> oldest_due;    // of those
  std::size_t ports = 0;                  // of the configured range
  std::size_t ports_leased = 0;
  std::size_t ports_held = 0;                // by strangers' programs
  std::size_t mail_owed = 0;                 // tenants with a mail that was tried and has not gone out yet
  std::optional<TimePoint> mail_owed_since;  // the first try of the oldest such mail
  std::vector<Millis> to_ready;              // from sign-up to first ready, ascending; see Store::overview
};

// The time within which this share (0 to 1) of the sign-ups were ready, by nearest rank; nothing where there were none.
inline std::optional<Millis> ready_within(const Overview& overview, double share) {
  if (overview.to_ready.empty()) return std::nullopt;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(overview.to_ready.size())));
  return overview.to_ready.at(rank == 0 ? 0 : rank - 1);
}

// The ledger. What a call that writes has returned is on disk and survives a crash the next instant. Every call is one
// transaction and safe from any thread and from several processes. No driver has a clock: each call goes by the time
// that it is given, of whatever the calls before it were given. Errors: unavailable (locked, disk full, I/O), internal
// (corrupt, newer schema).
class Store : public AccessStore, public Objects {
 public:
  // The row, the unique user, the unique subdomain, the idempotency key and a port lease, all or nothing. A ledger that
  // was given no range of ports (runtimes choose them) leases none here.
  // - the key is known: its tenant where the body is the same (Existing, also when it is deleted), else Refused.
  // - the user has a tenant: Existing where the content is the same, else Refused("userId"), which binds no key. A user
  //   whose tenant is deleted is Refused("userId") without a new key, so that a late repeat cannot resurrect it, and
  //   may sign up again with one.
  // - the subdomain belongs to a tenant that is not deleted: Refused("subdomain").
  // Throws limited where no port of the range is free.
  virtual SignUpResult sign_up(const NewTenant& wanted, TimePoint now) = 0;

  virtual std::optional<Tenant> find(const TenantId& id) = 0;
  virtual std::optional<Tenant> find_slug(const Slug& slug) = 0;     // the tenant that holds the subdomain now
  virtual std::vector<Tenant> list(const TenantFilter& filter) = 0;  // by id

  // The ids of the tenants with this status, after `after`, ascending; at most `limit`. What a sweep asks about every
  // tenant there is: a driver that can answer without reading documents should. As it stands here it lists.
  virtual std::vector<TenantId> ids(Status status, const std::string& after, std::size_t limit);

  // The row, now leased to `lease.owner`, or nothing where another owner's lease has not run out or there is no such
  // row. An owner may claim its own again, which renews; with `lease.renews` it may do nothing else.
  virtual std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) = 0;

  // Writes the row and appends the events if the row's version is still the one that was read and the lease on it is
  // `holder`'s (given by a worker, not by a request); then the row's version is the new one. False, and nothing
  // written, where it is not so. Port leases of this tenant other than `tenant.port` are released. A `tenant.port`
  // outside the range was chosen by a runtime: (host, port) is leased to this tenant, whoever had it before, since it
  // is this tenant's instance that is there now. `tenant.updated_at` is the time of the write.
  virtual bool save(Tenant& tenant, const std::vector<Event>& events, const std::optional<Holder>& holder) = 0;

  // Tenants whose due time has come and that nobody has leased, oldest first; and when the next one falls due. With
  // `whenever` for the time: all who wait for one, leased or not.
  virtual std::vector<TenantId> due(TimePoint now, std::size_t limit) = 0;
  virtual std::optional<TimePoint> next_due() = 0;

  // The tenant's port: the one it has, or the one longest unused; `refused` is put on hold until `held_until` first.
  // Nothing, and nothing leased or held, where the row's version is not `tenant`'s any more: a late worker must not
  // leave a lease. Throws limited where none is free (or there is no range), not_found where the tenant is deleted or
  // failed.
  virtual std::optional<Port> lease_port(const Tenant& tenant, std::optional<Port> refused, TimePoint held_until,
                                         TimePoint now) = 0;
  // Leased and held ones only, ascending. A hold that has ended by `now` is not among them.
  virtual std::vector<PortLease> ports(TimePoint now) = 0;

  // Events of a tenant, ascending, at most `limit`: the newest where `after` is 0, else the oldest after it, so that
  // whoever goes on from the last one it was shown misses none. A tenant's timeline keeps its newest 1,000; those that
  // have just fallen out may still be shown after an older one.
  virtual std::vector<Event> events(const TenantId& id, std::uint64_t after, std::size_t limit) = 0;
  virtual void append(const TenantId& id, const Event& event) = 0;

  // Cheap enough for every scrape, also with 100,000 tenants: reads indexes, no documents. `to_ready` has the tenants
  // that were first ready at `ready_since` or later, the newest 10,000 of them.
  virtual Overview overview(TimePoint now, TimePoint ready_since) = 0;

  // Names this ledger's resources in the world; made with the ledger, never changes.
  virtual InstallationId installation() = 0;

  // Gives a lease back and writes nothing else. Another owner's lease, or none, stays as it is.
  virtual void release(const TenantId& id, const std::string& owner) = 0;

  // Ends every lease. Only for a process that knows that no other works on this ledger (it holds the ledger's lock).
  virtual void break_leases() = 0;
};

}  // namespace slipway
