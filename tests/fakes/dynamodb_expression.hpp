#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>

// DynamoDB's expression language, as far as the project's driver uses it.
namespace slipway::test {

using DynamoItem = boost::json::object;

// One request's expressions. Wrong use throws Error(invalid), as DynamoDB answers ValidationException: a name or value
// that is not defined, one that is defined and not used, a word that needs a "#".
class DynamoExpressions {
 public:
  explicit DynamoExpressions(const boost::json::object& input);

  // True where the item (empty: there is none) fulfils the condition; an empty condition always holds.
  bool holds(std::string_view condition, const DynamoItem& item);
  // "SET #a = :a, #b = if_not_exists(#b, :b) REMOVE #c".
  void update(std::string_view expression, DynamoItem& item);
  DynamoItem project(std::string_view expression, const DynamoItem& item);

  // To be called when every expression has been evaluated.
  void check_all_used() const;

 private:
  struct Parser;
  const std::string& name_of(const std::string& word);
  const boost::json::value& value_of(const std::string& word);

  boost::json::object names_;
  boost::json::object values_;
  boost::json::object used_;
  std::string resolved_;
};

// Less, equal or greater for two values of one type; nothing where the types differ.
std::optional<int> compare_values(const boost::json::value& a, const boost::json::value& b);

}  // namespace slipway::test
