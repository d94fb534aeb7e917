#include "app/config_yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>

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

// Sees that nothing stands after the first document. YAML::Load() does not look, and YAML::LoadAll() never ends where
// the parser finds one more document again and again without getting on (", a").
class OneDocument : public YAML::EventHandler {
 public:
  void check(const std::string& text) {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(*this)) {
    }
  }

 private:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 2) second(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { has_value(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override {
    has_value(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    has_value(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    has_value(mark);
  }
  void OnMapEnd() override {}

  void has_value(const YAML::Mark& mark) const {
    if (documents_ > 1) second(mark);
  }
  [[noreturn]] static void second(const YAML::Mark& mark) {
    throw YamlError(position(mark), "is a second document; there can be one");
  }

  int documents_ = 0;
};

}  // namespace

YamlNode parse_yaml(const std::string& text) {
  try {
    OneDocument().check(text);
    YamlNode root = Builder().build(YAML::Load(text), 0);
    if (root.kind == YamlNode::Kind::null) root.kind = YamlNode::Kind::map;
    if (root.kind != YamlNode::Kind::map) throw YamlError(root.at, "must be a map of keys such as 'app:'");
    return root;
  } catch (const YAML::Exception& e) {
    throw YamlError(position(e.mark), "is not valid YAML: " + e.msg);
  }
}

}  // namespace slipway
