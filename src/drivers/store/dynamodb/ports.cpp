#include "drivers/store/dynamodb/ports.hpp"

#include <fmt/format.h>

#include <set>

#include "base/error.hpp"
#include "drivers/store/dynamodb/keys.hpp"

namespace slipway::dynamodb {
namespace {

constexpr std::size_t choice = 8;                  // candidates that are read at once
constexpr unsigned block_size = 25;                // ports that get their items together
constexpr std::string_view range_state = "free#";  // of the range's own item: before every free port
constexpr std::uint64_t never = 0;                 // the time of release of a port that was never used

Item item_key(Port port) { return key_of(ports_pk, "PORT#" + padded(port.value(), 5)); }
Item learnt_key(const LeaseName& lease) { return key_of(ports_pk, "LEARNT#" + lease); }
bool is_learnt(const LeaseName& lease) { return lease.find('@') != lease.npos; }
Item range_key() { return key_of(ports_pk, "RANGE"); }

std::string free_state(Port port, std::uint64_t released) {
  return "free#" + padded(released, 13) + "#" + padded(port.value(), 5);
}

std::uint64_t millis(TimePoint at) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(at.time_since_epoch().count(), 0));
}

Port port_at(const Item& item) { return Port(static_cast<std::uint16_t>(number_of(item, "port"))); }

bool is_never_used(const Ports::Candidate& candidate) { return candidate.state == free_state(candidate.port, never); }

constexpr std::string_view as_read = "#state = :seen";

}  // namespace

LeaseName lease_name(Port port) { return std::to_string(port.value()); }

// How far the range has been given items; `known` is false where the table knows of no range or of another one.
struct Ports::Frontier {
  bool known = false;
  std::optional<Item> stored;
  unsigned next = 0;
};

std::vector<Ports::Candidate> Ports::free(Frontier& frontier) {
  std::vector<Candidate> found;
  std::vector<Candidate> outside;
  frontier = {};
  Query query{.index = std::string(by_state),
              .condition = "#pk = :pk AND begins_with(#state, :free)",
              .values = {{":pk", text(ports_pk)}, {":free", text("free#")}},
              .consistent = true,
              .page_limit = choice + 1};
  table_.each(query, [&](const Item& item) {
    if (text_of(item, "state") == range_state) {
      frontier.stored = item;
      frontier.next = static_cast<unsigned>(number_of(item, "next"));
      frontier.known =
          number_of(item, "first") == range_.first.value() && number_of(item, "last") == range_.last.value();
      return true;
    }
    const Candidate candidate{port_at(item), text_of(item, "state")};
    (range_.contains(candidate.port) ? found : outside).push_back(candidate);
    return found.size() < choice;
  });
  // What an older configuration had and this one does not cover would stand first in the line for ever.
  for (const Candidate& candidate : outside) {
    table_.write({.kind = Write::Kind::remove,
                  .subject = item_key(candidate.port),
                  .condition = std::string(as_read),
                  .values = {{":seen", text(candidate.state)}}});
  }
  return found;
}

std::optional<Ports::Candidate> Ports::ended_hold(TimePoint now) {
  std::optional<Candidate> found;
  Query query{.index = std::string(by_state),
              .condition = "#pk = :pk AND #state BETWEEN :first AND :ended",
              .values = {{":pk", text(ports_pk)},
                         {":first", text("held#")},
                         {":ended", text("held#" + padded(millis(now), 13) + "#~")}},
              .consistent = true};
  table_.each(query, [&](const Item& item) {
    const Candidate candidate{port_at(item), text_of(item, "state")};
    if (range_.contains(candidate.port)) found = candidate;
    return !found;
  });
  return found;
}

Ports::Candidate Ports::candidate(TimePoint now, unsigned tries) {
  if (range_.empty()) throw Error(ErrorKind::limited, "there is no range of ports: runtimes choose them");
  Table::Tries blocks = table_.tries("find a free port");
  while (true) {
    Frontier frontier;
    const std::vector<Candidate> found = free(frontier);
    if (!frontier.known) {
      write_range(frontier);
    } else if (frontier.next <= range_.last.value() && (found.empty() || !is_never_used(found.front()))) {
      make_block(frontier);
    } else if (!found.empty()) {
      return tries == 0 ? found.front() : found[table_.random().next() % found.size()];
    } else if (const auto ended = ended_hold(now)) {
      return *ended;
    } else {
      throw Error(ErrorKind::limited,
                  fmt::format("no port from {} to {} is free: widen the configured range of ports or delete tenants",
                              range_.first.value(), range_.last.value()));
    }
    blocks.again();
  }
}

// The range was never used or has been configured anew: the blocks begin anew, and skip what has its item.
void Ports::write_range(const Frontier& frontier) {
  Write write{.subject = range_key()};
  write.subject["state"] = text(range_state);
  write.subject["first"] = number(range_.first.value());
  write.subject["last"] = number(range_.last.value());
  write.subject["next"] = number(range_.first.value());
  if (frontier.stored) {
    write.condition = "#first = :first AND #last = :last";
    write.values = {{":first", number(number_of(*frontier.stored, "first"))},
                    {":last", number(number_of(*frontier.stored, "last"))}};
  } else {
    write.condition = "attribute_not_exists(#pk)";
  }
  table_.write(write);  // where another process was faster, its work is found by the next look
}

void Ports::make_block(const Frontier& frontier) {
  const unsigned end = std::min(frontier.next + block_size, range_.last.value() + 1u);  // one past the block's last
  std::set<Port> there;
  Query query{.condition = "#pk = :pk AND #sk BETWEEN :first AND :last",
              .values = {{":pk", text(ports_pk)},
                         {":first", text("PORT#" + padded(frontier.next, 5))},
                         {":last", text("PORT#" + padded(end - 1, 5))}},
              .consistent = true};
  table_.each(query, [&](const Item& item) {
    there.insert(port_at(item));
    return true;
  });
  std::vector<Write> writes;
  writes.push_back({.kind = Write::Kind::update,
                    .subject = range_key(),
                    .update = "SET #next = :end",
                    .condition = "#next = :next AND #first = :first AND #last = :last",
                    .values = {{":end", number(end)},
                               {":next", number(frontier.next)},
                               {":first", number(range_.first.value())},
                               {":last", number(range_.last.value())}}});
  for (unsigned n = frontier.next; n < end; ++n) {
    const Port port(static_cast<std::uint16_t>(n));
    if (there.contains(port)) continue;
    Write write{.subject = item_key(port), .condition = "attribute_not_exists(#pk)"};
    write.subject["port"] = number(port.value());
    write.subject["status"] = text("free");
    write.subject["state"] = text(free_state(port, never));
    writes.push_back(std::move(write));
  }
  table_.transact(writes);  // where another process was faster, its work is found by the next look
}

Write Ports::lease(const Candidate& candidate, const TenantId& tenant, const UserId& user) const {
  return {.kind = Write::Kind::update,
          .subject = item_key(candidate.port),
          .update = "SET #status = :leased, #state = :state, #tenant_id = :tenant, #user_id = :user REMOVE #held_until",
          .condition = std::string(as_read),
          .values = {{":seen", text(candidate.state)},
                     {":leased", text("leased")},
                     {":state", text("leased#" + padded(candidate.port.value(), 5))},
                     {":tenant", text(tenant.value())},
                     {":user", text(user.value())}}};
}

Write Ports::release(const LeaseName& lease, const TenantId& tenant, TimePoint now) const {
  Write write{
      .kind = Write::Kind::remove, .condition = "#tenant_id = :tenant", .values = {{":tenant", text(tenant.value())}}};
  if (is_learnt(lease)) {
    write.subject = learnt_key(lease);
    return write;
  }
  const Port port(static_cast<std::uint16_t>(std::stoul(lease)));
  write.subject = item_key(port);
  if (!range_.contains(port)) return write;
  write.kind = Write::Kind::update;
  write.update = "SET #status = :free, #state = :state REMOVE #tenant_id, #user_id";
  write.values[":free"] = text("free");
  write.values[":state"] = text(free_state(port, std::max<std::uint64_t>(millis(now), never + 1)));
  return write;
}

Write Ports::hold(Port port, const std::string& state, TimePoint until) const {
  return {.kind = Write::Kind::update,
          .subject = item_key(port),
          .update = "SET #status = :held, #state = :state, #held_until = :until REMOVE #tenant_id, #user_id",
          .condition = std::string(as_read),
          .values = {{":seen", text(state)},
                     {":held", text("held")},
                     {":state", text("held#" + padded(millis(until), 13) + "#" + padded(port.value(), 5))},
                     {":until", moment(until)}}};
}

LeaseName Ports::wanted(const Tenant& tenant, const LeaseName& had) const {
  if (!tenant.port) return no_lease;
  if (had == lease_name(*tenant.port)) return had;
  if (range_.contains(*tenant.port)) return no_lease;
  return lease_name(*tenant.port) + "@" + tenant.host;
}

std::vector<Write> Ports::learn(const Tenant& tenant, const LeaseName& lease) {
  Write write{.subject = learnt_key(lease)};
  Item& item = write.subject;
  item["port"] = number(tenant.port->value());
  item["host"] = text(tenant.host);
  item["status"] = text("leased");
  item["state"] = text("leased#" + padded(tenant.port->value(), 5) + "@" + tenant.host);
  item["tenant_id"] = text(tenant.id.value());
  item["user_id"] = text(tenant.sign_up.user_id.value());
  const auto there = table_.get(learnt_key(lease), "#tenant_id");
  if (!there) {
    write.condition = "attribute_not_exists(#pk)";
    return {std::move(write)};
  }
  const TenantId other(text_of(*there, "tenant_id"));
  write.condition = "#tenant_id = :other";
  write.values = {{":other", text(other.value())}};
  if (other == tenant.id) return {std::move(write)};
  Write loses{.kind = Write::Kind::update,
              .subject = row_key(other),
              .update = "SET #leased_port = :none",
              .condition = "#leased_port = :lease",
              .values = {{":none", text(no_lease)}, {":lease", text(lease)}}};
  return {std::move(write), std::move(loses)};
}

std::optional<std::string> Ports::state_of(Port port) {
  const auto item = table_.get(item_key(port), "#state");
  if (!item) return std::nullopt;
  return text_of(*item, "state");
}

std::vector<PortLease> Ports::used(TimePoint now) {
  std::map<std::pair<Port, std::string>, PortLease> found;
  Query query{.index = std::string(by_state),
              .condition = "#pk = :pk AND #state BETWEEN :held AND :leased",
              .values = {{":pk", text(ports_pk)}, {":held", text("held#")}, {":leased", text("leased#~")}},
              .consistent = true};
  table_.each(query, [&](const Item& item) {
    PortLease lease;
    lease.port = port_at(item);
    lease.host = text_of(item, "host");
    lease.status = text_of(item, "status") == "held" ? PortStatus::held : PortStatus::leased;
    lease.tenant_id = TenantId(text_of(item, "tenant_id"));
    lease.user_id = UserId(text_of(item, "user_id"));
    lease.held_until = moment_of(item, "held_until");
    if (!lease.held_until || *lease.held_until > now) found[{lease.port, lease.host}] = lease;
    return true;
  });
  std::vector<PortLease> leases;
  for (auto& [place, lease] : found) leases.push_back(std::move(lease));
  return leases;
}

}  // namespace slipway::dynamodb
