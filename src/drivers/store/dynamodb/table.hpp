#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/backoff.hpp"
#include "base/random.hpp"
#include "drivers/store/dynamodb/item.hpp"

namespace slipway::dynamodb {

// How the driver reaches DynamoDB: `call("GetItem", input)`. Thread-safe; errors are those of aws::Client.
using Call = std::function<boost::json::object(std::string_view operation, const boost::json::object& input)>;

// One write and the condition under which it happens. Expressions name every attribute as "#name" and every value as
// ":name"; the names are resolved from the expression, so no attribute can be one of DynamoDB's reserved words.
struct Write {
  enum class Kind { put, update, remove, check };
  Kind kind = Kind::put;
  Item subject;           // the whole item of a put, the key of the others
  std::string update;     // "SET #a = :a REMOVE #b"
  std::string condition;  // empty: none
  Item values;            // of both expressions
};

// What became of a transaction: it happened as a whole, or nothing of it did.
struct Outcome {
  bool done = false;
  bool conflict = false;     // others were writing the same items, or were too many: try again after a pause
  std::vector<bool> failed;  // which of the writes had a condition that did not hold; empty where that is unknown
};

struct Query {
  std::string index;      // empty: the table itself
  std::string condition;  // "#pk = :pk AND #sk > :after"
  Item values;
  std::string filter;      // applied after `page_limit`
  std::string projection;  // "#sk, #total"; empty: what the index has
  bool descending = false;
  bool consistent = false;     // not for a global index
  std::size_t page_limit = 0;  // items that one request reads; 0: 1 MB
};

// One table, spoken to in items. Every loop over pages, retries and batches is here. What is called consistent reads
// what was written before the call began.
class Table {
 public:
  Table(Call call, std::string name, const Backoff& backoff, Random& random);

  std::optional<Item> get(const Item& key, std::string_view projection = "");
  // Those that there are, in no order.
  std::vector<Item> get_all(const std::vector<Item>& keys, std::string_view projection = "");

  // Feeds `take` item by item until it returns false.
  void each(const Query& query, const std::function<bool(const Item&)>& take);

  // False where the condition did not hold.
  bool write(const Write& write);
  // The whole item after the update, or nothing where the condition did not hold.
  std::optional<Item> update(const Write& write);
  // At most 100 writes of different items. `token` names this transaction: sent again within ten minutes it happens
  // once.
  Outcome transact(const std::vector<Write>& writes);
  // Without conditions and not all or nothing.
  void remove_all(const std::vector<Item>& keys);

  std::string new_token() { return new_token_of(random_); }
  Random& random() { return random_; }

  // The tries of something that others may be writing at the same time: pauses with full jitter, and gives up in the
  // end with Error(unavailable).
  class Tries {
   public:
    Tries(const Table& table, std::string_view doing) : table_(table), doing_(doing) {}
    void again();
    unsigned count() const { return count_; }

   private:
    const Table& table_;
    std::string doing_;
    unsigned count_ = 0;
  };
  Tries tries(std::string_view doing) const { return Tries(*this, doing); }

 private:
  static std::string new_token_of(Random& random);
  std::optional<boost::json::object> attempt(const Write& write, bool want_new);
  boost::json::object input_of(const Write& write) const;

  Call call_;
  std::string name_;
  Backoff backoff_;
  Random& random_;
};

}  // namespace slipway::dynamodb
