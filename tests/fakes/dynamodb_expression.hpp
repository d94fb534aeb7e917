#pragma once
#include <boost/json.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

// DynamoDB's expression language, as far as the project's driver uses it.
namespace slipway::test {

using DynamoItem = boost::json::object;

// One request's expressions; the request outlives this. Wrong use throws Error(invalid), as DynamoDB answers
// ValidationException: a name or value that is not defined, one that is defined and not used, a word that needs a "#".
class DynamoExpressions {
 public:
  explicit DynamoExpressions(const boost::json::object& input);

  // True where the item (empty: there is none) fulfils the condition; an empty condition always holds.
  bool holds(std::string_view condition, const DynamoItem& item);
  // "SET #a = :a, #b = if_not_exists(#b, :b) REMOVE #c".
  void update(std::string_view expression, DynamoItem& item);
  DynamoItem project(std::string_view expression, const DynamoItem& item);
  // What the condition of a query says that this attribute is equal to.
  const boost::json::value& equal_to(std::string_view condition, std::string_view attribute);

  // To be called when every expression has been evaluated.
  void check_all_used() const;

 private:
  struct Parser;
  const std::vector<std::string>& words_of(std::string_view expression);
  std::string_view name_of(const std::string& word);
  const boost::json::value& value_of(const std::string& word);

  const boost::json::object* names_;
  const boost::json::object* values_;
  std::set<std::string> used_;
  std::map<std::string, std::vector<std::string>, std::less<>> words_;  // of each expression
};

// Less, equal or greater for two values of one type; nothing where the types differ.
std::optional<int> compare_values(const boost::json::value& a, const boost::json::value& b);

}  // namespace slipway::test
