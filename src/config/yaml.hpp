#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"

// A YAML document as a plain tree whose every value knows its place.
namespace slipway {

// Counted from 1.
struct Position {
  int line = 1;
  int column = 1;
  auto operator<=>(const Position&) const = default;
};

struct YamlNode {
  enum class Kind { null, scalar, list, map };
  struct Member;

  Kind kind = Kind::null;
  Position at;
  std::string text;             // of a scalar
  std::vector<YamlNode> items;  // of a list
  std::vector<Member> members;  // of a map, in the file's order, with what is given twice
};

struct YamlNode::Member {
  std::string key;
  Position at;
  YamlNode value;
};

// Where the text is no YAML, or no map, or larger than any configuration is.
class YamlError : public Error {
 public:
  YamlError(Position where, std::string why) : Error(ErrorKind::invalid, std::move(why)), where_(where) {}
  Position where() const { return where_; }

 private:
  Position where_;
};

// The root is a map; an empty document is an empty map. Throws YamlError.
YamlNode parse_yaml(const std::string& text);

}  // namespace slipway
