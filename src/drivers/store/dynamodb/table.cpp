#include "drivers/store/dynamodb/table.hpp"

#include <fmt/format.h>

#include <thread>

#include "aws/client.hpp"
#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/json.hpp"

namespace slipway::dynamodb {
namespace {

constexpr unsigned try_limit = 24;            // of one call of the store; with the pauses a few seconds
constexpr std::size_t get_batch = 100;        // BatchGetItem: at most 100 keys
constexpr std::size_t write_batch = 25;       // BatchWriteItem: at most 25 writes
constexpr std::size_t transaction_max = 100;  // TransactWriteItems: at most 100 writes

bool is_word(char c) { return c == '_' || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

// {"#status": "status"} for every "#status" in the expression.
void name_all(boost::json::object& input, std::string_view expression) {
  for (std::size_t at = expression.find('#'); at != expression.npos; at = expression.find('#', at + 1)) {
    std::size_t end = at + 1;
    while (end < expression.size() && is_word(expression[end])) ++end;
    boost::json::value& names = input["ExpressionAttributeNames"];
    if (names.is_null()) names.emplace_object();
    names.get_object()[expression.substr(at, end - at)] = expression.substr(at + 1, end - at - 1);
  }
}

void express(boost::json::object& input, std::string_view member, std::string_view expression) {
  if (expression.empty()) return;
  input[member] = expression;
  name_all(input, expression);
}

std::string_view operation_of(Write::Kind kind) {
  switch (kind) {
    case Write::Kind::put:
      return "PutItem";
    case Write::Kind::update:
      return "UpdateItem";
    case Write::Kind::remove:
      return "DeleteItem";
    case Write::Kind::check:
      break;
  }
  throw Error(ErrorKind::internal, "ledger: a condition alone can only be part of a transaction");
}

std::string_view member_of(Write::Kind kind) {
  switch (kind) {
    case Write::Kind::put:
      return "Put";
    case Write::Kind::update:
      return "Update";
    case Write::Kind::remove:
      return "Delete";
    case Write::Kind::check:
      break;
  }
  return "ConditionCheck";
}

// "TransactionInProgressException": the same transaction, sent before, is still under way.
bool is_conflict(const aws::ServiceError& error) {
  return error.code() == "TransactionConflictException" || error.code() == "TransactionInProgressException";
}

// What a cancelled transaction's reasons say, in the order of its writes.
Outcome outcome_of(const aws::ServiceError& error) {
  Outcome outcome;
  const boost::json::array* reasons = array_at(error.details(), "CancellationReasons");
  if (reasons == nullptr) {
    outcome.conflict = true;  // a torn answer: nothing happened, more is not known
    return outcome;
  }
  for (const boost::json::value& reason : *reasons) {
    const std::string code = reason.is_object() ? string_at(reason.get_object(), "Code") : "";
    outcome.failed.push_back(code == "ConditionalCheckFailed");
    if (code == "TransactionConflict" || code == "ThrottlingError" || code == "ProvisionedThroughputExceeded") {
      outcome.conflict = true;
    } else if (!code.empty() && code != "None" && code != "ConditionalCheckFailed") {
      throw Error(ErrorKind::internal, "ledger: DynamoDB refused a write: " + code + ": " + error.message());
    }
  }
  return outcome;
}

}  // namespace

Table::Table(Call call, std::string name, const Backoff& backoff, Random& random)
    : call_(std::move(call)), name_(std::move(name)), backoff_(backoff), random_(random) {}

void Table::Tries::again() {
  if (++count_ >= try_limit) {
    throw Error(ErrorKind::unavailable, fmt::format("ledger: {}: the same items of table {} were being written by "
                                                    "others {} times in a row; try again",
                                                    doing_, table_.name_, count_));
  }
  const Millis pause = table_.backoff_.wait(count_ - 1, table_.random_);
  if (pause > Millis(0)) std::this_thread::sleep_for(pause);
}

std::string Table::new_token_of(Random& random) {
  // ClientRequestToken takes 36 characters.
  return fmt::format("{:016x}{:016x}", random.next(), random.next());
}

boost::json::object Table::input_of(const Write& write) const {
  boost::json::object input{{"TableName", name_}};
  input[write.kind == Write::Kind::put ? "Item" : "Key"] = write.subject;
  express(input, "UpdateExpression", write.update);
  express(input, "ConditionExpression", write.condition);
  if (!write.values.empty()) input["ExpressionAttributeValues"] = write.values;
  return input;
}

std::optional<Item> Table::get(const Item& key, std::string_view projection) {
  boost::json::object input{{"TableName", name_}, {"Key", key}, {"ConsistentRead", true}};
  express(input, "ProjectionExpression", projection);
  const boost::json::object answer = call_("GetItem", input);
  const boost::json::object* item = object_at(answer, "Item");
  if (item == nullptr || item->empty()) return std::nullopt;
  return *item;
}

std::vector<Item> Table::get_all(const std::vector<Item>& keys, std::string_view projection) {
  std::vector<Item> found;
  for (std::size_t begin = 0; begin < keys.size(); begin += get_batch) {
    boost::json::object wanted{{"ConsistentRead", true}};
    express(wanted, "ProjectionExpression", projection);
    boost::json::array& batch = wanted["Keys"].emplace_array();
    for (std::size_t i = begin; i < std::min(begin + get_batch, keys.size()); ++i) batch.emplace_back(keys[i]);
    boost::json::object request{{name_, wanted}};
    Tries tries(*this, "read");
    while (true) {
      const boost::json::object answer = call_("BatchGetItem", {{"RequestItems", request}});
      const boost::json::object* tables = object_at(answer, "Responses");
      if (const boost::json::array* items = tables == nullptr ? nullptr : array_at(*tables, name_)) {
        for (const boost::json::value& item : *items) found.push_back(item.as_object());
      }
      // More than 16 MB, or throttled.
      const boost::json::object* rest = object_at(answer, "UnprocessedKeys");
      if (rest == nullptr || rest->empty()) break;
      request = *rest;
      tries.again();
    }
  }
  return found;
}

void Table::each(const Query& query, const std::function<bool(const Item&)>& take) {
  boost::json::object input{{"TableName", name_}, {"ExpressionAttributeValues", query.values}};
  if (!query.index.empty()) input["IndexName"] = query.index;
  if (query.descending) input["ScanIndexForward"] = false;
  if (query.consistent) input["ConsistentRead"] = true;
  if (query.page_limit != 0) input["Limit"] = query.page_limit;
  express(input, "KeyConditionExpression", query.condition);
  express(input, "FilterExpression", query.filter);
  express(input, "ProjectionExpression", query.projection);
  while (true) {
    const boost::json::object answer = call_("Query", input);
    if (const boost::json::array* items = array_at(answer, "Items")) {
      for (const boost::json::value& item : *items) {
        if (!take(item.as_object())) return;
      }
    }
    const boost::json::object* next = object_at(answer, "LastEvaluatedKey");
    if (next == nullptr || next->empty()) return;
    input["ExclusiveStartKey"] = *next;
  }
}

std::optional<boost::json::object> Table::attempt(const Write& write, bool want_new) {
  boost::json::object input = input_of(write);
  if (want_new) input["ReturnValues"] = "ALL_NEW";
  Tries tries(*this, "write");
  while (true) {
    try {
      return call_(operation_of(write.kind), input);
    } catch (const aws::ServiceError& error) {
      if (error.code() == "ConditionalCheckFailedException") return std::nullopt;
      if (!is_conflict(error)) throw;
    }
    tries.again();
  }
}

bool Table::write(const Write& write) { return attempt(write, false).has_value(); }

std::optional<Item> Table::update(const Write& write) {
  const auto answer = attempt(write, true);
  if (!answer) return std::nullopt;
  const boost::json::object* item = object_at(*answer, "Attributes");
  if (item == nullptr) throw Error(ErrorKind::internal, "ledger: DynamoDB answered UpdateItem without the item");
  return *item;
}

Outcome Table::transact(const std::vector<Write>& writes) {
  if (writes.size() > transaction_max) {
    throw Error(ErrorKind::invalid, fmt::format("ledger: {} writes at once; a transaction of DynamoDB has at most {}",
                                                writes.size(), transaction_max));
  }
  boost::json::object input{{"ClientRequestToken", new_token()}};
  boost::json::array& all = input["TransactItems"].emplace_array();
  for (const Write& write : writes) {
    all.emplace_back(boost::json::object{{member_of(write.kind), input_of(write)}});
  }
  Tries tries(*this, "write");
  while (true) {
    try {
      call_("TransactWriteItems", input);
      return {true, false, {}};
    } catch (const aws::ServiceError& error) {
      if (error.code() == "TransactionCanceledException") return outcome_of(error);
      if (!is_conflict(error)) throw;
    }
    tries.again();
  }
}

void Table::remove_all(const std::vector<Item>& keys) {
  for (std::size_t begin = 0; begin < keys.size(); begin += write_batch) {
    boost::json::array batch;
    for (std::size_t i = begin; i < std::min(begin + write_batch, keys.size()); ++i) {
      batch.emplace_back(boost::json::object{{"DeleteRequest", boost::json::object{{"Key", keys[i]}}}});
    }
    boost::json::object request{{name_, batch}};
    Tries tries(*this, "remove");
    while (true) {
      const boost::json::object answer = call_("BatchWriteItem", {{"RequestItems", request}});
      const boost::json::object* rest = object_at(answer, "UnprocessedItems");
      if (rest == nullptr || rest->empty()) break;
      request = *rest;
      tries.again();
    }
  }
}

}  // namespace slipway::dynamodb
