#pragma once
#include <optional>
#include <string>
#include <vector>

#include "contracts/store.hpp"
#include "drivers/store/dynamodb/rows.hpp"

namespace slipway::dynamodb {

struct PortRange {
  Port first;  // 0: there is no range, runtimes choose
  Port last;
  bool empty() const { return first.value() == 0; }
  bool contains(Port port) const { return !empty() && first <= port && port <= last; }
};

inline const LeaseName no_lease = "none";
LeaseName lease_name(Port port);

// The ledger of ports: an item for each port that was ever looked at, whose `state` says in one word and in order what
// it is: "free#<time of release>#<port>", "held#<until>#<port>", "leased#<port>". They share a partition, so that the
// local index by state answers exactly and not some time later. Ports that were never used get their items in blocks,
// when the block before is used up; the range's own item, first among the free ones, says how far that has come.
class Ports {
 public:
  Ports(Table& table, PortRange range) : table_(table), range_(range) {}

  // A port that may be leased, as it was read.
  struct Candidate {
    Port port;
    std::string state;
  };
  // The port longest unused; from the second try on one of the first few, so that many who want one get out of each
  // other's way. A hold that has ended by `now` is over. Throws Error(limited) where none is free.
  Candidate candidate(TimePoint now, unsigned tries);

  // Writes to be part of a transaction. Each has a condition that fails where the port is not what it was taken for.
  Write lease(const Candidate& candidate, const TenantId& tenant, const UserId& user) const;
  Write release(const LeaseName& lease, const TenantId& tenant, TimePoint now) const;  // leased by the tenant
  // Leases what a runtime chose; whoever had that lease loses it, on the port's item and on its own row.
  std::vector<Write> learn(const Tenant& tenant, const LeaseName& lease);
  Write hold(Port port, const std::string& state, TimePoint until) const;  // as it was read

  // The state of a port, or nothing where there is no item of it.
  std::optional<std::string> state_of(Port port);
  const PortRange& range() const { return range_; }

  // The lease that a row with this port should have, where it has `had` so far. A port of the range that it does not
  // have is not leased by being written down: somebody's save has released it.
  LeaseName wanted(const Tenant& tenant, const LeaseName& had) const;

  // Leased and held ones, ascending. A hold that has ended by `now` is not among them.
  std::vector<PortLease> used(TimePoint now);

 private:
  struct Frontier;
  std::vector<Candidate> free(Frontier& frontier);
  std::optional<Candidate> ended_hold(TimePoint now);
  void make_block(const Frontier& frontier);
  void write_range(const Frontier& frontier);

  Table& table_;
  const PortRange range_;
};

}  // namespace slipway::dynamodb
