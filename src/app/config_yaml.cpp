#include "app/config_yaml.hpp"

#include <yaml-cpp/yaml.h>

namespace slipway {
namespace {

// Aliases can make a small file a huge tree, or an endless one.
constexpr std::size_t node_limit = 20'000;
constexpr int depth_limit = 16;

Position position(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

class Builder {
 public:
  YamlNode build(const YAML::Node& from, int depth) {
    const Position at = position(from.Mark());
    if (++nodes_ > node_limit) throw YamlError(at, "has more values than a configuration can have (aliases?)");
    if (depth > depth_limit) throw YamlError(at, "is nested deeper than any configuration is");
    YamlNode node;
    node.at = at;
    if (from.IsScalar()) {
      node.kind = YamlNode::Kind::scalar;
      node.text = from.Scalar();
    } else if (from.IsSequence()) {
      node.kind = YamlNode::Kind::list;
      for (const auto& item : from) node.items.push_back(build(item, depth + 1));
    } else if (from.IsMap()) {
      node.kind = YamlNode::Kind::map;
      for (const auto& member : from) {
        const Position key_at = position(member.first.Mark());
        if (!member.first.IsScalar()) throw YamlError(key_at, "a key must be plain text");
        YamlNode value = build(member.second, depth + 1);
        if (value.kind == YamlNode::Kind::null) value.at = key_at;  // nothing stands nowhere
        node.members.push_back({member.first.Scalar(), key_at, std::move(value)});
      }
    }
    return node;
  }

 private:
  std::size_t nodes_ = 0;
};

}  // namespace

YamlNode parse_yaml(const std::string& text) {
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() > 1) throw YamlError(position(documents[1].Mark()), "is a second document; there can be one");
    YamlNode root;
    if (!documents.empty()) root = Builder().build(documents.front(), 0);
    if (root.kind == YamlNode::Kind::null) root.kind = YamlNode::Kind::map;
    if (root.kind != YamlNode::Kind::map) throw YamlError(root.at, "must be a map of keys such as 'app:'");
    return root;
  } catch (const YAML::Exception& e) {
    throw YamlError(position(e.mark), "is not valid YAML: " + e.msg);
  }
}

}  // namespace slipway
