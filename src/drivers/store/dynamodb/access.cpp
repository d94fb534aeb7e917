#include "drivers/store/dynamodb/access.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/store/dynamodb/keys.hpp"

namespace slipway::dynamodb {
namespace {

constexpr Millis seqs_begin{1'577'836'800'000};  // 2020-01-01: a seq stays a whole number in JavaScript for 69 years
constexpr std::uint64_t seqs_in_a_millisecond = 4096;
constexpr int seq_digits = 16;

ApiKey key_at(const Item& item) {
  const std::string scope_name = text_of(item, "scope");
  const auto scope = parse_scope(scope_name);
  if (!scope) throw Error(ErrorKind::internal, "ledger: an API key has the unknown scope " + scope_name);
  return {KeyId(text_of(item, "id")),
          text_of(item, "name"),
          *scope,
          text_of(item, "sk"),
          moment_of(item, "created_at").value_or(TimePoint()),
          moment_of(item, "revoked_at")};
}

boost::json::object to_json(const AuditEntry& entry) {
  return {{"at", entry.at.time_since_epoch().count()},
          {"actor", entry.actor},
          {"action", entry.action},
          {"target", entry.target},
          {"from", entry.from},
          {"request_id", entry.request_id}};
}

AuditEntry entry_of(const std::string& seq, const std::string& words) {
  const boost::json::value parsed = parse_json(words, "ledger");
  const boost::json::object& json = parsed.as_object();
  return {std::stoull(seq),
          TimePoint(Millis(int_at(json, "at"))),
          string_at(json, "actor"),
          string_at(json, "action"),
          string_at(json, "target"),
          string_at(json, "from"),
          string_at(json, "request_id")};
}

std::string audit_pk(std::string_view target) { return "AUDIT#" + std::string(target); }

}  // namespace

void Access::add_key(const ApiKey& key) {
  const std::string writer = table_.new_token();
  // Ids are made by chance; this is for who makes them otherwise.
  const auto known = keys();
  const bool taken = std::any_of(known.begin(), known.end(), [&](const ApiKey& other) { return other.id == key.id; });
  Write write{.subject = api_key(key.hash),
              .condition = "attribute_not_exists(#pk) OR #writer = :writer",
              .values = {{":writer", text(writer)}}};
  write.subject["id"] = text(key.id.value());
  write.subject["name"] = text(key.name);
  write.subject["scope"] = text(to_string(key.scope));
  write.subject["created_at"] = moment(key.created_at);
  if (key.revoked_at) write.subject["revoked_at"] = moment(*key.revoked_at);
  write.subject["writer"] = text(writer);
  if (taken || !table_.write(write)) throw Error(ErrorKind::conflict, "ledger: this key is known");
}

std::vector<ApiKey> Access::keys() {
  std::vector<ApiKey> keys;
  Query query{.condition = "#pk = :pk", .values = {{":pk", text(keys_pk)}}, .consistent = true};
  table_.each(query, [&](const Item& item) {
    keys.push_back(key_at(item));
    return true;
  });
  std::sort(keys.begin(), keys.end(), [](const ApiKey& a, const ApiKey& b) { return a.id < b.id; });
  return keys;
}

std::optional<ApiKey> Access::find_key(std::string_view hash) {
  const auto item = table_.get(api_key(hash));
  if (!item || item->contains("revoked_at")) return std::nullopt;
  return key_at(*item);
}

bool Access::revoke_key(const KeyId& id, TimePoint now) {
  for (const ApiKey& key : keys()) {
    if (key.id != id) continue;
    return table_.write({.kind = Write::Kind::update,
                         .subject = api_key(key.hash),
                         .update = "SET #revoked_at = if_not_exists(#revoked_at, :now)",
                         .condition = "attribute_exists(#pk)",
                         .values = {{":now", moment(now)}}});
  }
  return false;
}

std::uint64_t Access::next_seq(TimePoint at) {
  const Millis since = std::max(at.time_since_epoch() - seqs_begin, Millis(0));
  const std::uint64_t by_time = static_cast<std::uint64_t>(since.count()) * seqs_in_a_millisecond +
                                table_.random().next() % (seqs_in_a_millisecond / 2);
  std::uint64_t last = last_seq_.load();
  while (!last_seq_.compare_exchange_weak(last, std::max(last + 1, by_time))) {
  }
  return std::max(last + 1, by_time);
}

Write Access::entry_write(const AuditEntry& entry, const std::string& writer) {
  const std::string seq = padded(next_seq(entry.at), seq_digits);
  Write write{.subject = key_of(audit_pk(entry.target), seq),
              .condition = "attribute_not_exists(#pk) OR #writer = :writer",
              .values = {{":writer", text(writer)}}};
  write.subject["list"] = text(audit_list);
  write.subject["list_key"] = text(seq);
  write.subject["entry"] = text(boost::json::serialize(to_json(entry)));
  write.subject["writer"] = text(writer);
  return write;
}

void Access::record(const AuditEntry& entry) {
  const std::string writer = table_.new_token();
  for (Table::Tries tries = table_.tries("write the audit trail");; tries.again()) {
    if (table_.write(entry_write(entry, writer))) return;
  }
}

std::vector<AuditEntry> Access::audit(const AuditFilter& filter) {
  const std::size_t limit = std::clamp<std::size_t>(filter.limit, 1, 1000);
  const std::string after = padded(filter.after, seq_digits);
  std::vector<AuditEntry> entries;
  Query query{.condition = "#pk = :pk AND #sk > :after",
              .values = {{":pk", text(audit_pk(filter.target))}, {":after", text(after)}},
              .consistent = true,
              .page_limit = limit};
  std::string seq = "sk";
  if (filter.target.empty()) {
    query.index = by_list;
    query.consistent = false;
    query.condition = "#list = :list AND #list_key > :after";
    query.values = {{":list", text(audit_list)}, {":after", text(after)}};
    seq = "list_key";
  }
  table_.each(query, [&](const Item& item) {
    entries.push_back(entry_of(text_of(item, seq), text_of(item, "entry")));
    return entries.size() < limit;
  });
  return entries;
}

}  // namespace slipway::dynamodb
