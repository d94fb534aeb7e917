#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <map>
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

  // Global indexes show the table as it was this many item writes ago. Reads by key and local indexes are exact.
  void set_index_lag(std::size_t writes);
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
  struct Index {
    std::string hash;
    std::string range;
    bool global = false;
    bool all = false;                    // projects every attribute
    std::vector<std::string> projected;  // else these, and the keys
  };
  using Key = std::pair<std::string, std::string>;
  struct Table {
    std::map<std::string, Index> indexes;  // "" is the table itself
    std::map<Key, DynamoItem> items;
    std::deque<std::pair<Key, DynamoItem>> undo;  // the item before each of the latest writes; empty: there was none
  };
  struct Change {
    Table* table;
    Key key;
    DynamoItem after;  // empty: removed
    bool failed = false;
    bool check_only = false;
  };

  Table& table_of(const boost::json::object& input);
  void create_table(const boost::json::object& input);
  boost::json::object get(const boost::json::object& input);
  boost::json::object batch_get(const boost::json::object& input);
  boost::json::object batch_write(const boost::json::object& input);
  boost::json::object write(std::string_view operation, const boost::json::object& input);
  boost::json::object transact(const boost::json::object& input);
  boost::json::object query(const boost::json::object& input);
  Change planned(std::string_view operation, const boost::json::object& input);
  void apply(const Change& change, double factor);
  void charge_write(const Table& table, const DynamoItem& before, const DynamoItem& after, double factor);
  void charge_read(std::size_t bytes, bool consistent);
  std::vector<DynamoItem> view(const Table& table, const Index& index) const;

  std::mutex mutex_;
  std::map<std::string, Table> tables_;
  std::map<std::string, boost::json::object> tokens_;
  std::size_t index_lag_ = 0;
  std::size_t page_items_ = 0;
  Counters counters_;
};

}  // namespace slipway::test
