#include "drivers/store/dynamodb/dynamo_store.hpp"

#include <algorithm>
#include <set>

#include "aws/client.hpp"
#include "base/error.hpp"
#include "base/id.hpp"
#include "base/text.hpp"
#include "drivers/store/dynamodb/keys.hpp"
#include "drivers/store/dynamodb/schema.hpp"

namespace slipway::dynamodb {
namespace {

constexpr std::size_t to_ready_limit = 10'000;

TenantId id_at(const Item& entry) {
  const std::string pk = text_of(entry, "pk");
  return TenantId(pk.substr(pk.find('#') + 1));
}

Query due_query() {
  return {.index = std::string(by_due), .condition = "#due = :due", .values = {{":due", text("DUE")}}};
}

bool is_leased(const Item& entry, TimePoint now) {
  const auto until = moment_of(entry, "lease_until");
  return until && *until > now;
}

void keep_older(std::optional<TimePoint>& oldest, TimePoint at) {
  if (!oldest || at < *oldest) oldest = at;
}

}  // namespace

Call through(aws::Client& client) {
  return
      [&client](std::string_view operation, const boost::json::object& input) { return client.call(operation, input); };
}

DynamoStore::DynamoStore(Call call, const Options& options, Random& random)
    : options_(options),
      table_(std::move(call), options.table, options.conflict, random),
      ports_(table_, {options.first_port, options.last_port}),
      timeline_(table_, options.event_time),
      access_(table_) {
  const bool none = options.first_port.value() == 0 && options.last_port.value() == 0;
  if (!none && (options.first_port.value() == 0 || options.last_port < options.first_port)) {
    throw Error(ErrorKind::invalid, "the range of ports " + std::to_string(options.first_port.value()) + "-" +
                                        std::to_string(options.last_port.value()) +
                                        " is empty; give a first and a last port");
  }
}

std::optional<Tenant> DynamoStore::find(const TenantId& id) {
  const auto row = table_.get(row_key(id));
  if (!row) return std::nullopt;
  return tenant_at(*row);
}

std::optional<Tenant> DynamoStore::find_slug(const Slug& slug) {
  const auto item = table_.get(slug_key(slug));
  if (!item) return std::nullopt;
  auto tenant = find(TenantId(text_of(*item, "tenant_id")));
  if (!tenant || !is_live(*tenant)) return std::nullopt;  // deleted between the two reads
  return tenant;
}

std::vector<Tenant> DynamoStore::list(const TenantFilter& filter) {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, 1000);
  Query query{.index = std::string(by_list),
              .condition = "#list = :list",
              .values = {{":list", text(tenant_list)}},
              .projection = "#pk",
              .descending = filter.newest_first};
  if (!filter.after.empty()) {
    query.condition += filter.newest_first ? " AND #list_key < :after" : " AND #list_key > :after";
    query.values[":after"] = text(filter.after);
  }
  if (filter.status) {
    query.filter = "#status = :status";
    query.values[":status"] = text(to_string(*filter.status));
  }
  if (!filter.search.empty()) {
    query.filter += std::string(query.filter.empty() ? "" : " AND ") + "contains(#search, :search)";
    query.values[":search"] = text(lowered_ascii(filter.search));
  }
  if (query.filter.empty()) query.page_limit = std::min<std::size_t>(limit, 100);

  // The index says which rows; the rows themselves are read as they are now, a hundred at a time.
  std::vector<Tenant> page;
  std::vector<Item> keys;
  const auto read = [&] {
    std::vector<Tenant> tenants;
    for (const Item& row : table_.get_all(keys)) tenants.push_back(tenant_at(row));
    std::sort(tenants.begin(), tenants.end(),
              [&](const Tenant& a, const Tenant& b) { return filter.newest_first ? b.id < a.id : a.id < b.id; });
    for (Tenant& tenant : tenants) {
      if (page.size() < limit && (!filter.status || tenant.status == *filter.status)) page.push_back(std::move(tenant));
    }
    keys.clear();
  };
  table_.each(query, [&](const Item& entry) {
    keys.push_back(row_key(id_at(entry)));
    if (keys.size() == std::min<std::size_t>(100, limit - page.size())) read();
    return page.size() < limit;
  });
  read();
  return page;
}

std::optional<Tenant> DynamoStore::claim(const TenantId& id, const Lease& lease, TimePoint now) {
  Write write{.kind = Write::Kind::update,
              .subject = row_key(id),
              .update = "SET #lease_owner = :owner, #lease_until = :until",
              .condition = "attribute_exists(#pk) AND #lease_owner = :owner",
              .values = {{":owner", text(lease.owner)}, {":until", moment(lease.until)}}};
  if (!lease.renews) {
    write.condition =
        "attribute_exists(#pk) AND (attribute_not_exists(#lease_until) OR #lease_until <= :now OR #lease_owner = "
        ":owner)";
    write.values[":now"] = moment(now);
  }
  const auto row = table_.update(write);
  if (!row) return std::nullopt;
  if (const auto end = timeline_end_at(*row)) timeline_.remember(id, *end);
  return tenant_at(*row);
}

std::vector<TenantId> DynamoStore::due(TimePoint now, std::size_t limit) {
  Query query = due_query();
  query.condition += " AND #due_at <= :now";
  query.filter = "attribute_not_exists(#lease_until) OR #lease_until <= :now";
  query.values[":now"] = moment(now);
  std::set<std::pair<TimePoint, TenantId>> found;
  table_.each(query, [&](const Item& entry) {
    const TimePoint at = moment_of(entry, "due_at").value_or(TimePoint());
    if (found.size() >= limit && found.rbegin()->first < at) return false;
    found.insert({at, id_at(entry)});
    return true;
  });
  std::vector<TenantId> ids;
  for (const auto& entry : found) {
    if (ids.size() == limit) break;
    ids.push_back(entry.second);
  }
  return ids;
}

std::optional<TimePoint> DynamoStore::next_due() {
  // Only the few that are leased may stand before the one that is next.
  std::optional<TimePoint> next;
  Query query = due_query();
  query.page_limit = 25;
  table_.each(query, [&](const Item& entry) {
    const TimePoint due_at = moment_of(entry, "due_at").value_or(TimePoint());
    if (next && *next <= due_at) return false;
    keep_older(next, std::max(due_at, moment_of(entry, "lease_until").value_or(due_at)));
    return true;
  });
  return next;
}

std::vector<PortLease> DynamoStore::ports(TimePoint now) { return ports_.used(now); }

std::vector<Event> DynamoStore::events(const TenantId& id, std::uint64_t after, std::size_t limit) {
  return after == 0 ? timeline_.newest(id, limit) : timeline_.next(id, after, limit);
}

void DynamoStore::append(const TenantId& id, const Event& event) {
  const std::string writer = table_.new_token();
  for (Table::Tries tries = table_.tries("append to a timeline");; tries.again()) {
    Timeline::End end = timeline_.end_of(id, event);
    timeline_.trim(id, end, 1);
    if (table_.write(timeline_.append(id, end, {event}, writer).front())) {
      timeline_.moved(id, end);
      return;
    }
    timeline_.forget(id);
  }
}

Overview DynamoStore::overview(TimePoint now, TimePoint ready_since) {
  Overview overview;
  std::vector<std::pair<TimePoint, Millis>> ready;
  Query rows{.index = std::string(by_list),
             .condition = "#list = :list",
             .values = {{":list", text(tenant_list)}},
             .projection = "#status, #created_at, #ready_at, #mail_owed_since"};
  table_.each(rows, [&](const Item& entry) {
    if (const auto status = parse_status(text_of(entry, "status"))) ++overview.tenants[*status];
    if (const auto since = moment_of(entry, "mail_owed_since")) {
      ++overview.mail_owed;
      keep_older(overview.mail_owed_since, *since);
    }
    const auto at = moment_of(entry, "ready_at");
    if (at && *at >= ready_since) ready.emplace_back(*at, *at - moment_of(entry, "created_at").value_or(*at));
    return true;
  });
  std::sort(ready.rbegin(), ready.rend());
  if (ready.size() > to_ready_limit) ready.resize(to_ready_limit);
  for (const auto& entry : ready) overview.to_ready.push_back(entry.second);
  std::sort(overview.to_ready.begin(), overview.to_ready.end());

  Query due = due_query();
  due.condition += " AND #due_at <= :now";
  due.values[":now"] = moment(now);
  table_.each(due, [&](const Item& entry) {
    if (is_leased(entry, now)) return true;
    ++overview.due;
    if (const auto at = moment_of(entry, "due_at")) keep_older(overview.oldest_due, *at);
    return true;
  });
  const PortRange& range = ports_.range();
  overview.ports = range.empty() ? 0 : std::size_t{range.last.value()} - range.first.value() + 1;
  for (const PortLease& lease : ports_.used(now)) {
    ++(lease.status == PortStatus::held ? overview.ports_held : overview.ports_leased);
  }
  return overview;
}

InstallationId DynamoStore::installation() {
  std::lock_guard lock(mutex_);
  if (installation_) return *installation_;
  auto item = table_.get(installation_key());
  if (!item) {
    const std::string id = new_id("i_", TimePoint(), table_.random());  // its last characters are all chance
    Write write{.subject = installation_key(), .condition = "attribute_not_exists(#pk)"};
    write.subject["value"] = text(id.substr(id.size() - 6));
    write.subject["schema"] = number(schema_version);
    table_.write(write);  // where another process was faster, its name counts
    item = table_.get(installation_key());
  }
  if (!item) throw Error(ErrorKind::internal, "ledger: table " + options_.table + " does not keep what is written");
  if (number_of(*item, "schema") > schema_version) {
    throw Error(ErrorKind::internal, "ledger: table " + options_.table + " has schema version " +
                                         std::to_string(number_of(*item, "schema")) +
                                         ", this program knows versions up to " + std::to_string(schema_version) +
                                         "; run the newer Slipway that wrote it");
  }
  installation_ = InstallationId(text_of(*item, "value"));
  return *installation_;
}

void DynamoStore::release(const TenantId& id, const std::string& owner) {
  table_.update({.kind = Write::Kind::update,
                 .subject = row_key(id),
                 .update = "REMOVE #lease_owner, #lease_until",
                 .condition = "#lease_owner = :owner",
                 .values = {{":owner", text(owner)}}});
}

void DynamoStore::break_leases() {
  std::vector<Item> keys;
  Query query{.index = std::string(by_list),
              .condition = "#list = :list",
              .values = {{":list", text(tenant_list)}},
              .projection = "#pk"};
  table_.each(query, [&](const Item& entry) {
    keys.push_back(row_key(id_at(entry)));
    return true;
  });
  for (const Item& row : table_.get_all(keys, "#pk, #lease_until")) {
    if (!row.contains("lease_until")) continue;
    table_.write({.kind = Write::Kind::update,
                  .subject = row_key(id_at(row)),
                  .update = "REMOVE #lease_owner, #lease_until",
                  .condition = "attribute_exists(#pk)"});
  }
}

}  // namespace slipway::dynamodb
