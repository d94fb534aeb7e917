#include "tests/fakes/dynamodb_expression.hpp"

#include <cctype>

#include "base/error.hpp"
#include "base/json.hpp"

namespace slipway::test {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::invalid, why); }

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '#' || c == ':'; }

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < text.size() && is_word(text[end])) ++end;
    if (end == i) {
      const std::string_view two = text.substr(i, 2);
      end = i + (two == "<=" || two == ">=" || two == "<>" ? 2 : 1);
    }
    words.emplace_back(text.substr(i, end - i));
    i = end;
  }
  return words;
}

std::string string_in(const boost::json::value& typed, std::string_view type) {
  return string_at(typed.as_object(), type);
}

}  // namespace

std::optional<int> compare_values(const boost::json::value& a, const boost::json::value& b) {
  const auto& [type, left] = *a.as_object().begin();
  const auto& [other, right] = *b.as_object().begin();
  if (type != other) return std::nullopt;
  if (type == "N") {
    const long long l = std::stoll(std::string(left.as_string())), r = std::stoll(std::string(right.as_string()));
    return l < r ? -1 : l > r ? 1 : 0;
  }
  if (type == "S") {
    const int order = std::string_view(left.as_string()).compare(std::string_view(right.as_string()));
    return order < 0 ? -1 : order > 0 ? 1 : 0;
  }
  return left == right ? 0 : 1;
}

DynamoExpressions::DynamoExpressions(const boost::json::object& input)
    : names_(object_at(input, "ExpressionAttributeNames")), values_(object_at(input, "ExpressionAttributeValues")) {}

const std::vector<std::string>& DynamoExpressions::words_of(std::string_view expression) {
  const auto known = words_.find(expression);
  if (known != words_.end()) return known->second;
  return words_.emplace(expression, split(expression)).first->second;
}

std::string_view DynamoExpressions::name_of(const std::string& word) {
  if (!word.starts_with('#')) refuse("an attribute's name must be given by #name here: " + word);
  const boost::json::value* name = names_ == nullptr ? nullptr : names_->if_contains(word);
  if (name == nullptr) refuse("the expression's name " + word + " is not defined");
  used_.insert(word);
  return name->as_string();
}

const boost::json::value& DynamoExpressions::value_of(const std::string& word) {
  const boost::json::value* value = values_ == nullptr ? nullptr : values_->if_contains(word);
  if (!word.starts_with(':') || value == nullptr) refuse("the expression's value " + word + " is not defined");
  used_.insert(word);
  return *value;
}

void DynamoExpressions::check_all_used() const {
  for (const auto* defined : {names_, values_}) {
    if (defined == nullptr) continue;
    for (const auto& [word, meaning] : *defined) {
      if (!used_.contains(word)) refuse("unused in expressions: " + std::string(word));
    }
  }
}

const boost::json::value& DynamoExpressions::equal_to(std::string_view condition, std::string_view attribute) {
  const auto& words = words_of(condition);
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i].starts_with('#') && words[i + 1] == "=" && name_of(words[i]) == attribute)
      return value_of(words[i + 2]);
  }
  refuse("the query's condition misses the key " + std::string(attribute));
}

struct DynamoExpressions::Parser {
  DynamoExpressions& context;
  const DynamoItem& item;
  const std::vector<std::string>& words;
  std::size_t at = 0;

  const std::string& peek() const {
    static const std::string end;
    return at < words.size() ? words[at] : end;
  }
  std::string next() {
    if (at == words.size()) refuse("the expression ends too early");
    return words[at++];
  }
  bool accept(std::string_view word) {
    if (peek() != word) return false;
    ++at;
    return true;
  }
  void expect(std::string_view word) {
    if (!accept(word)) refuse("expected " + std::string(word) + " before " + peek());
  }

  // An attribute's value, or nullptr where the item lacks it; or a value of the request.
  const boost::json::value* operand() {
    const std::string word = next();
    if (word.starts_with(':')) return &context.value_of(word);
    return item.if_contains(context.name_of(word));
  }

  bool any() {
    bool result = all();
    while (accept("OR")) {
      const bool right = all();
      result = result || right;
    }
    return result;
  }
  bool all() {
    bool result = one();
    while (accept("AND")) {
      const bool right = one();
      result = result && right;
    }
    return result;
  }
  bool one() {
    if (accept("NOT")) return !one();
    if (accept("(")) {
      const bool result = any();
      expect(")");
      return result;
    }
    if (at + 1 < words.size() && words[at + 1] == "(") return function();
    return comparison();
  }
  bool function() {
    const std::string name = next();
    expect("(");
    const boost::json::value* first = operand();
    bool result = false;
    if (name == "attribute_exists" || name == "attribute_not_exists") {
      result = (first != nullptr) == (name == "attribute_exists");
    } else if (name == "begins_with" || name == "contains") {
      expect(",");
      const boost::json::value* second = operand();
      if (first != nullptr && second != nullptr) {
        const std::string all_of = string_in(*first, "S"), part = string_in(*second, "S");
        result = name == "begins_with" ? all_of.starts_with(part) : all_of.find(part) != std::string::npos;
      }
    } else {
      refuse("unknown function " + name);
    }
    expect(")");
    return result;
  }
  bool comparison() {
    const boost::json::value* left = operand();
    const std::string sign = next();
    const boost::json::value* right = operand();
    const auto order = left && right ? compare_values(*left, *right) : std::nullopt;
    if (sign == "BETWEEN") {
      expect("AND");
      const boost::json::value* upper = operand();
      const auto below = left && upper ? compare_values(*left, *upper) : std::nullopt;
      return order && below && *order >= 0 && *below <= 0;
    }
    if (sign == "<>") return !order || *order != 0;
    if (!order) return false;
    if (sign == "=") return *order == 0;
    if (sign == "<") return *order < 0;
    if (sign == "<=") return *order <= 0;
    if (sign == ">") return *order > 0;
    if (sign == ">=") return *order >= 0;
    refuse("unknown comparison " + sign);
  }
};

bool DynamoExpressions::holds(std::string_view condition, const DynamoItem& item) {
  if (condition.empty()) return true;
  Parser parser{*this, item, words_of(condition)};
  const bool result = parser.any();
  if (parser.at != parser.words.size()) refuse("unexpected " + parser.peek());
  return result;
}

void DynamoExpressions::update(std::string_view expression, DynamoItem& item) {
  const DynamoItem before = item;
  Parser parser{*this, before, words_of(expression)};
  while (parser.at < parser.words.size()) {
    const std::string clause = parser.next();
    if (clause != "SET" && clause != "REMOVE") refuse("unknown clause " + clause);
    do {
      const std::string_view name = name_of(parser.next());
      if (clause == "REMOVE") {
        item.erase(name);
        continue;
      }
      parser.expect("=");
      if (parser.accept("if_not_exists")) {
        parser.expect("(");
        const boost::json::value* present = parser.operand();
        parser.expect(",");
        const boost::json::value* otherwise = parser.operand();
        parser.expect(")");
        item[name] = present != nullptr ? *present : *otherwise;
      } else {
        const boost::json::value* value = parser.operand();
        if (value == nullptr) refuse("the item lacks an attribute that the update reads");
        item[name] = *value;
      }
    } while (parser.accept(","));
  }
}

DynamoItem DynamoExpressions::project(std::string_view expression, const DynamoItem& item) {
  if (expression.empty()) return item;
  DynamoItem projected;
  Parser parser{*this, item, words_of(expression)};
  do {
    const std::string_view name = name_of(parser.next());
    if (const auto* value = item.if_contains(name)) projected[name] = *value;
  } while (parser.accept(","));
  return projected;
}

}  // namespace slipway::test
