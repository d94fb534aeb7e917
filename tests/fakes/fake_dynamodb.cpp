#include "tests/fakes/fake_dynamodb.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "aws/client.hpp"
#include "base/json.hpp"

namespace slipway::test {
namespace {

constexpr std::size_t page_bytes = 1'000'000;
constexpr std::size_t item_bytes_limit = 400 * 1024;

[[noreturn]] void refuse(ErrorKind kind, std::string code, const std::string& why, boost::json::object details = {}) {
  throw aws::ServiceError(kind, "dynamodb: " + code + ": " + why, code, std::move(details));
}
[[noreturn]] void invalid(const std::string& why) { refuse(ErrorKind::invalid, "ValidationException", why); }

std::string key_part(const DynamoItem& item, std::string_view name) {
  const auto* typed = object_at(item, name);
  const std::string value = typed == nullptr ? "" : string_at(*typed, "S");
  if (value.empty()) invalid("the key attribute " + std::string(name) + " is missing or empty");
  return value;
}

// The length of names and values, as AWS counts them (numbers roughly).
std::size_t bytes_of(const DynamoItem& item) {
  std::size_t bytes = 0;
  for (const auto& [name, typed] : item) {
    const auto& [type, value] = *typed.as_object().begin();
    bytes += name.size();
    if (type == "N") {
      bytes += value.as_string().size() / 2 + 1;
    } else {
      bytes += value.is_string() ? value.as_string().size() : 1;
    }
  }
  return bytes;
}

double units(std::size_t bytes, std::size_t unit) {
  return std::max(1.0, std::ceil(static_cast<double>(bytes) / static_cast<double>(unit)));
}

std::size_t bytes_of(const std::shared_ptr<const DynamoItem>& item) { return item ? bytes_of(*item) : 0; }

}  // namespace

void FakeDynamoDb::set_index_lag(std::size_t writes) {
  std::lock_guard lock(mutex_);
  index_lag_ = writes;
  for (auto& [name, table] : tables_) show(table, writes);
}

void FakeDynamoDb::let_indexes_catch_up() {
  std::lock_guard lock(mutex_);
  for (auto& [name, table] : tables_) {
    if (!table.unseen.empty()) show(table, table.unseen.size() - 1);
  }
}

void FakeDynamoDb::set_page_items(std::size_t items) {
  std::lock_guard lock(mutex_);
  page_items_ = items;
}

FakeDynamoDb::Counters FakeDynamoDb::counters() {
  std::lock_guard lock(mutex_);
  return counters_;
}

std::vector<DynamoItem> FakeDynamoDb::items(const std::string& table) {
  std::lock_guard lock(mutex_);
  std::vector<DynamoItem> all;
  for (const auto& entry : tables_[table].items) all.push_back(*entry.second);
  return all;
}

boost::json::object FakeDynamoDb::call(std::string_view operation, const boost::json::object& input) {
  return answer(operation, input, false);
}

boost::json::object FakeDynamoDb::call_exactly(std::string_view operation, const boost::json::object& input) {
  return answer(operation, input, true);
}

boost::json::object FakeDynamoDb::answer(std::string_view operation, const boost::json::object& input, bool exactly) {
  std::lock_guard lock(mutex_);
  ++counters_.requests;
  try {
    if (operation == "CreateTable") {
      create_table(input);
      return {};
    }
    if (operation == "GetItem") return get(input);
    if (operation == "BatchGetItem") return batch_get(input);
    if (operation == "BatchWriteItem") return batch_write(input);
    if (operation == "TransactWriteItems") return transact(input);
    if (operation == "Query") return query(input, exactly);
    return write(operation, input);
  } catch (const aws::ServiceError&) {
    throw;
  } catch (const Error& error) {
    invalid(error.message());
  }
}

FakeDynamoDb::Table& FakeDynamoDb::table_of(const boost::json::object& input) {
  const auto found = tables_.find(string_at(input, "TableName"));
  if (found == tables_.end()) refuse(ErrorKind::not_found, "ResourceNotFoundException", "there is no such table");
  return found->second;
}

void FakeDynamoDb::create_table(const boost::json::object& input) {
  const std::string name = string_at(input, "TableName");
  if (tables_.contains(name)) refuse(ErrorKind::conflict, "ResourceInUseException", "the table exists");
  Table& table = tables_[name];
  const auto read = [](const boost::json::object& schema) {
    Index index;
    for (const auto& part : schema.at("KeySchema").as_array()) {
      const auto& key = part.as_object();
      (string_at(key, "KeyType") == "HASH" ? index.hash : index.range) = string_at(key, "AttributeName");
    }
    return index;
  };
  table.indexes[""] = read(input);
  table.indexes[""].all = true;
  for (const std::string member : {"LocalSecondaryIndexes", "GlobalSecondaryIndexes"}) {
    const auto* indexes = array_at(input, member);
    if (indexes == nullptr) continue;
    for (const auto& entry : *indexes) {
      const auto& definition = entry.as_object();
      Index index = read(definition);
      index.global = member == "GlobalSecondaryIndexes";
      const auto& projection = definition.at("Projection").as_object();
      index.all = string_at(projection, "ProjectionType") == "ALL";
      if (const auto* names = array_at(projection, "NonKeyAttributes")) {
        for (const auto& projected : *names) index.projected.emplace_back(projected.as_string());
      }
      table.indexes[string_at(definition, "IndexName")] = index;
    }
  }
}

void FakeDynamoDb::charge_read(std::size_t bytes, bool consistent) {
  counters_.read_units += units(bytes, 4096) * (consistent ? 1.0 : 0.5);
}

boost::json::object FakeDynamoDb::get(const boost::json::object& input) {
  Table& table = table_of(input);
  const auto& key = input.at("Key").as_object();
  const auto found = table.items.find({key_part(key, "pk"), key_part(key, "sk")});
  DynamoExpressions expressions(input);
  const DynamoItem none;
  const DynamoItem& item = found == table.items.end() ? none : *found->second;
  DynamoItem projected = expressions.project(string_at(input, "ProjectionExpression"), item);
  expressions.check_all_used();
  charge_read(bytes_of(item), bool_at(input, "ConsistentRead"));
  if (item.empty()) return {};
  return {{"Item", std::move(projected)}};
}

boost::json::object FakeDynamoDb::batch_get(const boost::json::object& input) {
  boost::json::object responses;
  for (const auto& [name, wanted] : input.at("RequestItems").as_object()) {
    const auto& keys = wanted.as_object().at("Keys").as_array();
    if (keys.empty() || keys.size() > 100) invalid("1 to 100 keys");
    boost::json::array& found = responses[name].emplace_array();
    std::set<std::string> seen;
    for (const auto& key : keys) {
      if (!seen.insert(boost::json::serialize(key)).second) invalid("a key is given twice");
      boost::json::object one = wanted.as_object();
      one.erase("Keys");
      one["TableName"] = name;
      one["Key"] = key;
      const boost::json::object answer = get(one);
      if (const auto* item = object_at(answer, "Item")) found.emplace_back(*item);
    }
  }
  return {{"Responses", std::move(responses)}, {"UnprocessedKeys", boost::json::object()}};
}

boost::json::object FakeDynamoDb::batch_write(const boost::json::object& input) {
  for (const auto& [name, requests] : input.at("RequestItems").as_object()) {
    if (requests.as_array().empty() || requests.as_array().size() > 25) invalid("1 to 25 writes");
    for (const auto& request : requests.as_array()) {
      boost::json::object one{{"TableName", name}, {"Key", request.at("DeleteRequest").at("Key")}};
      apply(table_of(one), planned("DeleteItem", one), 1);
    }
  }
  return {{"UnprocessedItems", boost::json::object()}};
}

// What a write would do, and whether its condition holds.
FakeDynamoDb::Change FakeDynamoDb::planned(std::string_view operation, const boost::json::object& input) {
  Change change;
  Table& table = table_of(input);
  const bool put = operation == "PutItem" || operation == "Put";
  const auto& subject = input.at(put ? "Item" : "Key").as_object();
  change.key = {key_part(subject, "pk"), key_part(subject, "sk")};
  if (!put && subject.size() != 2) invalid("a key has exactly pk and sk");
  const auto found = table.items.find(change.key);
  if (found != table.items.end()) change.before = found->second;
  DynamoExpressions expressions(input);
  change.failed =
      !expressions.holds(string_at(input, "ConditionExpression"), change.before ? *change.before : DynamoItem());
  if (put) {
    change.after = std::make_shared<DynamoItem>(subject);
  } else if (operation == "UpdateItem" || operation == "Update") {
    auto after = std::make_shared<DynamoItem>(change.before ? *change.before : subject);
    expressions.update(string_at(input, "UpdateExpression"), *after);
    change.after = std::move(after);
  } else if (operation == "ConditionCheck") {
    change.check_only = true;
  } else if (operation != "DeleteItem" && operation != "Delete") {
    refuse(ErrorKind::invalid, "UnknownOperationException", std::string(operation));
  }
  expressions.check_all_used();
  if (bytes_of(change.after) > item_bytes_limit) invalid("an item has at most 400 KB");
  if (!change.after) return change;
  for (const auto& [name, index] : table.indexes) {
    for (const std::string* part : {&index.hash, &index.range}) {
      if (const auto* typed = object_at(*change.after, *part); typed != nullptr && typed->contains("S")) {
        key_part(*change.after, *part);
      }
    }
  }
  return change;
}

// What an index shows of an item.
FakeDynamoDb::Stored FakeDynamoDb::entry_of(const Index& index, const Stored& item) {
  if (!item || !item->contains(index.hash) || !item->contains(index.range)) return nullptr;
  if (index.all) return item;
  auto shown = std::make_shared<DynamoItem>();
  for (const std::string_view part :
       {std::string_view("pk"), std::string_view("sk"), std::string_view(index.hash), std::string_view(index.range)}) {
    (*shown)[part] = item->at(part);
  }
  for (const std::string& part : index.projected) {
    if (const auto* value = item->if_contains(part)) (*shown)[part] = *value;
  }
  return shown;
}

void FakeDynamoDb::put(Partitions& partitions, const Index& index, const Key& key, const Stored& was,
                       const Stored& is) {
  if (was) partitions[key_part(*was, index.hash)].erase(key);
  if (is) partitions[key_part(*is, index.hash)][key] = is;
}

void FakeDynamoDb::charge_write(const std::string& index_name, const Index& index, const Stored& was, const Stored& is,
                                double factor) {
  if (index_name.empty()) {
    counters_.write_units += factor * units(std::max(bytes_of(was), bytes_of(is)), 1024);
    return;
  }
  if (was == is || (was && is && *was == *is)) return;
  // An entry whose key changes is removed and put.
  const bool moved = was && is && was->at(index.range) != is->at(index.range);
  counters_.write_units += moved ? units(bytes_of(was), 1024) + units(bytes_of(is), 1024)
                                 : units(std::max(bytes_of(was), bytes_of(is)), 1024);
}

void FakeDynamoDb::apply(Table& table, Change change, double factor) {
  if (change.check_only) {
    counters_.write_units += factor * units(bytes_of(change.before), 1024);
    return;
  }
  for (auto& [name, index] : table.indexes) {
    const Stored was = entry_of(index, change.before), is = entry_of(index, change.after);
    charge_write(name, index, was, is, factor);
    put(index.exact, index, change.key, was, is);
  }
  if (change.after) {
    table.items[change.key] = change.after;
  } else {
    table.items.erase(change.key);
  }
  table.unseen.push_back(std::move(change));
  show(table, index_lag_);
}

// Tells the global indexes of all writes but the latest `lag`.
void FakeDynamoDb::show(Table& table, std::size_t lag) {
  for (; table.unseen.size() > lag; table.unseen.pop_front()) {
    const Change& change = table.unseen.front();
    for (auto& [name, index] : table.indexes) {
      if (!index.global) continue;
      put(index.late, index, change.key, entry_of(index, change.before), entry_of(index, change.after));
    }
  }
}

boost::json::object FakeDynamoDb::write(std::string_view operation, const boost::json::object& input) {
  const Change change = planned(operation, input);
  if (change.failed) {
    counters_.write_units += 1;  // a failed condition is charged too
    refuse(ErrorKind::conflict, "ConditionalCheckFailedException", "The conditional request failed");
  }
  apply(table_of(input), change, 1);
  if (string_at(input, "ReturnValues") == "ALL_NEW") return {{"Attributes", *change.after}};
  return {};
}

boost::json::object FakeDynamoDb::transact(const boost::json::object& input) {
  const auto& items = input.at("TransactItems").as_array();
  if (items.empty() || items.size() > 100) invalid("1 to 100 writes in a transaction");
  const std::string token = string_at(input, "ClientRequestToken");
  if (token.size() > 36) invalid("a token has at most 36 characters");
  if (const auto known = tokens_.find(token); !token.empty() && known != tokens_.end()) {
    if (known->second == input) return {};
    refuse(ErrorKind::invalid, "IdempotentParameterMismatchException", "the token was used with other parameters");
  }
  std::vector<Change> changes;
  std::set<Key> keys;
  boost::json::array reasons;
  bool failed = false;
  for (const auto& item : items) {
    const auto& [kind, parameters] = *item.as_object().begin();
    changes.push_back(planned(kind, parameters.as_object()));
    if (!keys.insert(changes.back().key).second) invalid("a transaction cannot write one item twice");
    failed = failed || changes.back().failed;
    reasons.emplace_back(boost::json::object{{"Code", changes.back().failed ? "ConditionalCheckFailed" : "None"}});
  }
  if (failed) {
    counters_.write_units += static_cast<double>(changes.size());  // prepared and not carried out
    refuse(ErrorKind::conflict, "TransactionCanceledException", "Transaction cancelled",
           {{"CancellationReasons", std::move(reasons)}});
  }
  for (std::size_t i = 0; i < changes.size(); ++i) {
    apply(table_of(items[i].as_object().begin()->value().as_object()), changes[i], 2);
  }
  if (!token.empty()) tokens_[token] = input;
  return {};
}

boost::json::object FakeDynamoDb::query(const boost::json::object& input, bool exactly) {
  Table& table = table_of(input);
  const auto found = table.indexes.find(string_at(input, "IndexName"));
  if (found == table.indexes.end()) invalid("there is no such index");
  const Index& index = found->second;
  const bool consistent = bool_at(input, "ConsistentRead");
  if (index.global && consistent) invalid("Consistent reads are not supported on global secondary indexes");

  DynamoExpressions expressions(input);
  const std::string condition = string_at(input, "KeyConditionExpression");
  const Partitions& partitions = index.global && !exactly ? index.late : index.exact;
  const auto partition = partitions.find(string_at(expressions.equal_to(condition, index.hash).as_object(), "S"));
  std::vector<const DynamoItem*> entries;
  if (partition != partitions.end()) {
    for (const auto& [key, item] : partition->second) {
      if (expressions.holds(condition, *item)) entries.push_back(item.get());
    }
  }
  const auto before = [&](const DynamoItem& a, const DynamoItem& b) {
    for (const std::string_view part :
         {std::string_view(index.range), std::string_view("pk"), std::string_view("sk")}) {
      if (const int order = compare_values(a.at(part), b.at(part)).value_or(0); order != 0) return order < 0;
    }
    return false;
  };
  std::sort(entries.begin(), entries.end(), [&](const auto* a, const auto* b) { return before(*a, *b); });
  if (!bool_at(input, "ScanIndexForward", true)) std::reverse(entries.begin(), entries.end());

  boost::json::array items;
  boost::json::object answer;
  std::size_t read = 0, bytes = 0;
  const auto limit = static_cast<std::size_t>(int_at(input, "Limit", 1'000'000));
  const auto most = page_items_ == 0 ? limit : std::min(limit, page_items_);
  const auto* start = object_at(input, "ExclusiveStartKey");
  for (const DynamoItem* entry : entries) {
    const DynamoItem& item = *entry;
    if (start != nullptr) {
      const bool past = bool_at(input, "ScanIndexForward", true) ? before(*start, item) : before(item, *start);
      if (!past) continue;
    }
    ++read;
    bytes += bytes_of(item);
    if (expressions.holds(string_at(input, "FilterExpression"), item)) {
      items.emplace_back(expressions.project(string_at(input, "ProjectionExpression"), item));
    }
    if (read == most || bytes > page_bytes) {
      boost::json::object& last = answer["LastEvaluatedKey"].emplace_object();
      for (const std::string& part : {std::string("pk"), std::string("sk"), index.hash, index.range}) {
        last[part] = item.at(part);
      }
      break;
    }
  }
  if (entries.empty()) {  // the expressions were not looked at
    expressions.holds(condition, {});
    expressions.holds(string_at(input, "FilterExpression"), {});
  }
  charge_read(bytes, consistent);
  answer["Items"] = std::move(items);
  return answer;
}

}  // namespace slipway::test
