#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "aws/answer.hpp"
#include "base/text.hpp"

namespace slipway::aws {
namespace {

constexpr unsigned depth_limit = 64;

std::string local_name(const std::string& name) {
  const auto at = name.find(':');
  return at == std::string::npos ? name : name.substr(at + 1);
}

XmlElement from_tree(const std::string& name, const boost::property_tree::ptree& tree, unsigned depth) {
  XmlElement element;
  element.name = local_name(name);
  for (const auto& [child, subtree] : tree) {
    if (child == "<xmlattr>" || child == "<xmlcomment>" || depth >= depth_limit) continue;
    element.children.push_back(from_tree(child, subtree, depth + 1));
  }
  element.text = element.children.empty() ? tree.data() : trimmed(tree.data());
  return element;
}

}  // namespace

XmlElement parse_xml(const std::string& text, std::string_view whose) {
  boost::property_tree::ptree tree;
  std::istringstream stream(text);
  try {
    boost::property_tree::read_xml(stream, tree);
  } catch (const boost::property_tree::xml_parser_error& e) {
    throw Error(ErrorKind::internal, fmt::format("{}: the answer is not XML: {}", whose, e.message()));
  }
  for (const auto& [name, subtree] : tree) {
    if (name != "<xmlcomment>") return from_tree(name, subtree, 0);
  }
  throw Error(ErrorKind::internal, fmt::format("{}: the answer is not XML: it is empty", whose));
}

const XmlElement* XmlElement::child(std::string_view wanted) const {
  for (const auto& one : children) {
    if (one.name == wanted) return &one;
  }
  return nullptr;
}

std::vector<const XmlElement*> XmlElement::all(std::string_view path) const {
  std::vector<const XmlElement*> found{this};
  for (const auto& step : split(path, '/')) {
    std::vector<const XmlElement*> next;
    for (const auto* element : found) {
      for (const auto& one : element->children) {
        if (one.name == step) next.push_back(&one);
      }
    }
    found = std::move(next);
  }
  return found;
}

std::string XmlElement::text_at(std::string_view path) const {
  const auto found = all(path);
  return found.empty() ? "" : found.front()->text;
}

}  // namespace slipway::aws
