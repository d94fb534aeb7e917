#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fakes/dynamodb_expression.hpp"

namespace slipway::test {

// DynamoDB in memory, as far as the project's driver speaks to it: tables with local and global indexes, conditions,
// transactions with cancellation reasons and request tokens, pages, and the capacity that AWS's rules charge. Errors
// are aws::ServiceError. It is strict where AWS is. Thread-safe; each call is atomic.
class FakeDynamoDb {
 public:
  boost::json::object call(std::string_view operation, const boost::json::object& input);

  // From now on global indexes learn of a write to an item when this many others have been made after it. Reads by key
  // and local indexes are exact.
  void set_index_lag(std::size_t writes);
  // Time passes: global indexes learn of the oldest write that they do not show yet.
  void let_indexes_catch_up();
  // As `call`, for whoever judges: global indexes are exact too.
  boost::json::object call_exactly(std::string_view operation, const boost::json::object& input);
  // At most this many items in a page of a query; 0: only 1 MB counts.
  void set_page_items(std::size_t items);

  // What was done so far.
  struct Counters {
    std::uint64_t requests = 0;
    double write_units = 0;
    double read_units = 0;
  };
  Counters counters();
  // The items of a table, for tests that look into it.
  std::vector<DynamoItem> items(const std::string& table);

 private:
  using Key = std::pair<std::string, std::string>;
  using Stored = std::shared_ptr<const DynamoItem>;                 // nullptr: there is none
  using Partitions = std::map<std::string, std::map<Key, Stored>>;  // by the value of the hash key
  struct Index {
    std::string hash;
    std::string range;
    bool global = false;
    bool all = false;                    // projects every attribute
    std::vector<std::string> projected;  // else these, and the keys
    Partitions exact;
    Partitions late;  // of a global one
  };
  struct Change {
    Key key;
    Stored before;
    Stored after;
    bool failed = false;
    bool check_only = false;
  };
  struct Table {
    std::map<std::string, Index> indexes;  // "" is the table itself
    std::map<Key, Stored> items;
    std::deque<Change> unseen;  // by the global indexes
  };

  boost::json::object answer(std::string_view operation, const boost::json::object& input, bool exactly);
  Table& table_of(const boost::json::object& input);
  void create_table(const boost::json::object& input);
  boost::json::object get(const boost::json::object& input);
  boost::json::object batch_get(const boost::json::object& input);
  boost::json::object batch_write(const boost::json::object& input);
  boost::json::object write(std::string_view operation, const boost::json::object& input);
  boost::json::object transact(const boost::json::object& input);
  boost::json::object query(const boost::json::object& input, bool exactly);
  Change planned(std::string_view operation, const boost::json::object& input);
  void apply(Table& table, Change change, double factor);
  void charge_write(const std::string& index_name, const Index& index, const Stored& was, const Stored& is,
                    double factor);
  void charge_read(std::size_t bytes, bool consistent);
  void show(Table& table, std::size_t lag);
  static Stored entry_of(const Index& index, const Stored& item);
  static void put(Partitions& partitions, const Index& index, const Key& key, const Stored& was, const Stored& is);

  std::mutex mutex_;
  std::map<std::string, Table> tables_;
  std::map<std::string, boost::json::object> tokens_;
  std::size_t index_lag_ = 0;
  std::size_t page_items_ = 0;
  Counters counters_;
};

}  // namespace slipway::test
