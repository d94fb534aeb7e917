#include "config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <map>
#include <optional>
#include <sstream>

namespace slipway {
namespace {

// Aliases can make a small file a huge tree, or an endless one.
constexpr std::size_t node_limit = 20'000;
constexpr int depth_limit = 16;

Position position(const YAML::Mark& mark) {
  return mark.is_null() ? Position{} : Position{mark.line + 1, mark.column + 1};
}

// Makes the tree of what the parser comes upon, and sees that nothing stands after the first document. YAML::Load()
// does not look, and YAML::LoadAll() never ends where the parser finds one more again and again without getting on, as
// in ", a".
class Builder : public YAML::EventHandler {
 public:
  YamlNode build(const std::string& text) {
    std::istringstream in(text);
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(*this)) {
    }
    return std::move(root_);
  }

 private:
  // A list or map whose end has not come.
  struct Open {
    YamlNode node;
    YAML::anchor_t anchor = 0;
    std::size_t first = 0;  // how many values there were before it
    int depth = 0;          // of the deepest value in it
    std::optional<YamlNode> key;
  };
  struct Anchored {
    YamlNode node;
    std::size_t values = 0;
    int depth = 0;  // of the deepest value in it; 0: it is the deepest itself
  };

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 2) second(mark);
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (documents_ == 1) leaf({YamlNode::Kind::null, position(mark), {}, {}, {}}, anchor);
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string& text) override {
    is_first(mark);
    leaf({YamlNode::Kind::scalar, position(mark), text, {}, {}}, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    is_first(mark);
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) too_deep(position(mark));  // it is inside of itself
    begin(position(mark), found->second.values, found->second.depth);
    end(found->second.node);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(YamlNode::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

  bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::map && !open_.back().key;
  }

  // Before a value of so many values (itself included), of which the deepest is so deep in it.
  void begin(Position at, std::size_t values, int depth) {
    if (expects_key()) return;
    values_ += values;
    if (values_ > node_limit) throw YamlError(at, "has more values than a configuration can have (aliases?)");
    const int deepest = static_cast<int>(open_.size()) + depth;
    if (deepest > depth_limit) too_deep(at);
    for (Open& around : open_) around.depth = std::max(around.depth, deepest);
  }

  void leaf(YamlNode node, YAML::anchor_t anchor) {
    begin(node.at, 1, 0);
    if (anchor != YAML::NullAnchor) anchored_[anchor] = {node, 1, 0};
    end(std::move(node));
  }

  void open(YamlNode::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    is_first(mark);
    if (expects_key()) no_key(position(mark));
    begin(position(mark), 1, 0);
    open_.push_back({{kind, position(mark), {}, {}, {}}, anchor, values_ - 1, static_cast<int>(open_.size()), {}});
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    if (done.anchor != YAML::NullAnchor) {
      anchored_[done.anchor] = {done.node, values_ - done.first, done.depth - static_cast<int>(open_.size())};
    }
    end(std::move(done.node));
  }

  // A value is whole: it goes where it belongs.
  void end(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
    } else if (expects_key()) {
      if (node.kind != YamlNode::Kind::scalar) no_key(node.at);
      open_.back().key = std::move(node);
    } else if (Open& around = open_.back(); around.node.kind == YamlNode::Kind::list) {
      around.node.items.push_back(std::move(node));
    } else {
      if (node.kind == YamlNode::Kind::null) node.at = around.key->at;  // nothing stands nowhere
      around.node.members.push_back({std::move(around.key->text), around.key->at, std::move(node)});
      around.key.reset();
    }
  }

  void is_first(const YAML::Mark& mark) const {
    if (documents_ > 1) second(mark);
  }
  [[noreturn]] static void second(const YAML::Mark& mark) {
    throw YamlError(position(mark), "is a second document; there can be one");
  }
  [[noreturn]] static void too_deep(Position at) { throw YamlError(at, "is nested deeper than any configuration is"); }
  [[noreturn]] static void no_key(Position at) { throw YamlError(at, "a key must be plain text"); }

  YamlNode root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Anchored> anchored_;
  std::size_t values_ = 0;
  int documents_ = 0;
};

}  // namespace

YamlNode parse_yaml(const std::string& text) {
  try {
    YamlNode root = Builder().build(text);
    if (root.kind == YamlNode::Kind::null) root.kind = YamlNode::Kind::map;
    if (root.kind != YamlNode::Kind::map) throw YamlError(root.at, "must be a map of keys such as 'app:'");
    return root;
  } catch (const YAML::Exception& e) {
    throw YamlError(position(e.mark), "is not valid YAML: " + e.msg);
  }
}

}  // namespace slipway
