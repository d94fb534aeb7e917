#include "config/section.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/secret.hpp"
#include "config/values.hpp"

namespace slipway::config {
namespace {

const YamlNode& nothing() {
  static const YamlNode empty{YamlNode::Kind::map, {}, {}, {}, {}};
  return empty;
}

// Whether a variable's name says that its value is a secret.
bool names_a_secret(std::string_view name) {
  const std::string lowered = lowered_ascii(name);
  for (const char* word : {"key", "secret", "token", "pass", "pwd", "credential", "private", "auth", "salt", "dsn"}) {
    if (lowered.find(word) != std::string::npos) return true;
  }
  return false;
}

void find_secrets_in(const YamlNode& node, std::string_view name, const EnvLookup& env, std::vector<Secret>& found) {
  for (const YamlNode& item : node.items) find_secrets_in(item, "", env, found);
  for (const auto& member : node.members) find_secrets_in(member.value, member.key, env, found);
  if (node.kind != YamlNode::Kind::scalar) return;
  std::vector<std::string> used;
  std::string value;
  try {
    value = substituted(node.text, env, used);
  } catch (const Error&) {
    return;  // told by whoever reads the key
  }
  for (const std::string& variable : used) found.emplace_back(env(variable).value_or(""));
  const bool literal = used.empty() && value.find("{{") == std::string::npos;
  if (literal && names_a_secret(name)) found.emplace_back(std::move(value));
}

std::string_view kind_words(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::map:
      return "a map";
    case YamlNode::Kind::scalar:
      return "a single value";
    case YamlNode::Kind::null:
      return "nothing";
  }
  return "";
}

}  // namespace

Section::Section(Reading& reading, const YamlNode& node, std::string pattern, std::string path)
    : reading_(&reading), node_(&node), at_(node.at), pattern_(std::move(pattern)), path_(std::move(path)) {
  if (node.kind == YamlNode::Kind::map) {
    check_keys();
    return;
  }
  if (node.kind != YamlNode::Kind::null) {
    reading_->problems.add(node.at, path_, fmt::format("must be a map of keys, not {}", kind_words(node.kind)));
  }
  node_ = &nothing();
}

Section::Section(Reading& reading, Position around, std::string pattern, std::string path)
    : reading_(&reading), node_(&nothing()), at_(around), pattern_(std::move(pattern)), path_(std::move(path)) {}

void Section::check_keys() const {
  const auto known = keys_in(pattern_);
  const bool free_names = known == std::vector<std::string>{"*"};
  std::map<std::string_view, Position> seen;
  for (const auto& member : node_->members) {
    const auto [first, fresh] = seen.emplace(member.key, member.at);
    if (!fresh) {
      reading_->problems.add(member.at, shown(member.key),
                             fmt::format("is given twice; the first is in line {}", first->second.line));
    }
    if (free_names || std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    const std::string near = nearest(member.key, known);
    reading_->problems.add(member.at, shown(member.key),
                           near.empty() ? fmt::format("unknown key; known here: {}", fmt::join(known, ", "))
                                        : fmt::format("unknown key; did you mean '{}'?", near));
  }
}

std::string Section::shown(std::string_view key) const {
  return path_.empty() ? quotable(key) : fmt::format("{}.{}", path_, quotable(key));
}

void Section::ask(std::string_view key) const {
  const std::string full = pattern_.empty() ? std::string(key) : fmt::format("{}.{}", pattern_, key);
  const auto& keys = config_keys();
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const std::size_t place = (reading_->last_asked + i) % keys.size();
    const ConfigKey& known = keys[place];
    const bool itself = known.path == full;
    const bool above =
        known.path.starts_with(full) && (known.path[full.size()] == '.' || known.path[full.size()] == '[');
    if (itself) reading_->asked.insert(full);
    if (!itself && !above) continue;
    reading_->last_asked = place;
    return;
  }
  throw std::logic_error(fmt::format("configuration key '{}' is not in the table", full));
}

const YamlNode* Section::find(std::string_view key) const {
  ask(key);
  for (const auto& member : node_->members) {
    if (member.key == key) return member.value.kind == YamlNode::Kind::null ? nullptr : &member.value;
  }
  return nullptr;
}

Section Section::section(std::string_view key) const {
  const YamlNode* node = find(key);
  std::string pattern = pattern_.empty() ? std::string(key) : fmt::format("{}.{}", pattern_, key);
  if (node == nullptr) return Section(*reading_, at_, std::move(pattern), shown(key));
  return Section(*reading_, *node, std::move(pattern), shown(key));
}

void Section::take_scalar(const YamlNode& node, const std::string& shown_key, bool secret, const Take& take) const {
  if (node.kind != YamlNode::Kind::scalar) {
    const std::string_view what =
        node.kind == YamlNode::Kind::null ? "nothing; write \"\" for an empty one" : kind_words(node.kind);
    return reading_->problems.add(node.at, shown_key, fmt::format("must be a single value, not {}", what));
  }
  std::vector<std::string> used;
  std::string value;
  try {
    value = substituted(node.text, reading_->env, used);
    if (secret) {
      value = secret_from(value, reading_->directory);
      reading_->secrets.emplace_back(value);
    }
  } catch (const Error& e) {
    return reading_->problems.add(node.at, shown_key, e.message());
  }
  try {
    take(value);
  } catch (const Error& e) {
    // What came from elsewhere may be a secret in the wrong place.
    const std::string subject = secret         ? "its value"
                                : used.empty() ? fmt::format("'{}'", quotable(value))
                                               : fmt::format("the value of ${{{}}}", fmt::join(used, "}, ${"));
    const bool detailed = used.empty() && !secret && !e.fields().empty();
    const std::string why = detailed ? fmt::format("{}: {}", e.message(), e.fields().front().message) : e.message();
    reading_->problems.add(node.at, shown_key, fmt::format("{} {}", subject, why));
  }
}

void Section::scalar(std::string_view key, bool secret, const Take& take) const {
  if (const YamlNode* node = find(key)) take_scalar(*node, shown(key), secret, take);
}

bool Section::scalars(std::string_view key, const Take& take) const {
  const YamlNode* node = find(key);
  if (node == nullptr) return false;
  if (node->kind != YamlNode::Kind::list) {
    reading_->problems.add(node->at, shown(key),
                           fmt::format("must be a list such as [a, b], not {}", kind_words(node->kind)));
    return false;
  }
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    take_scalar(node->items[i], fmt::format("{}[{}]", shown(key), i), false, take);
  }
  return true;
}

void Section::path(std::string_view key, std::filesystem::path& out) const {
  read(key, out, [this](const std::string& text) -> std::filesystem::path {
    if (text.empty()) return {};
    return (reading_->directory / parse_line(text)).lexically_normal();
  });
}

std::vector<Section> Section::sections(std::string_view key) const {
  std::vector<Section> found;
  const YamlNode* node = find(key);
  if (node == nullptr) return found;
  if (node->kind != YamlNode::Kind::list) {
    problem(key, fmt::format("must be a list of maps, not {}", kind_words(node->kind)));
    return found;
  }
  for (std::size_t i = 0; i < node->items.size(); ++i) {
    found.emplace_back(*reading_, node->items[i], fmt::format("{}.{}[]", pattern_, key),
                       fmt::format("{}[{}]", shown(key), i));
  }
  return found;
}

std::vector<std::pair<std::string, Section>> Section::named_sections(
    std::string_view key, const std::function<std::string(std::string_view)>& parse) const {
  std::vector<std::pair<std::string, Section>> found;
  const Section map = section(key);
  for (const auto& member : map.node_->members) {
    try {
      found.emplace_back(parse(member.key),
                         Section(*reading_, member.value, map.pattern_ + ".*", map.shown(member.key)));
    } catch (const Error& e) {
      reading_->problems.add(member.at, map.shown(member.key),
                             fmt::format("'{}' {}", quotable(member.key), e.message()));
    }
  }
  return found;
}

void Section::named_scalars(std::string_view key, const std::function<void(const std::string&)>& check_name,
                            const std::function<void(const std::string&, const std::string&)>& value) const {
  const Section map = section(key);
  map.ask("*");
  for (const auto& member : map.node_->members) {
    const std::string shown_key = map.shown(member.key);
    try {
      check_name(member.key);
    } catch (const Error& e) {
      reading_->problems.add(member.at, shown_key, fmt::format("'{}' {}", quotable(member.key), e.message()));
      continue;
    }
    take_scalar(member.value, shown_key, false, [&](const std::string& text) { value(member.key, text); });
  }
}

void Section::find_secrets(std::string_view key) const {
  for (const auto& member : node_->members) {
    if (member.key == key) find_secrets_in(member.value, "", reading_->env, reading_->secrets);
  }
}

void Section::problem(std::string_view key, std::string why) const {
  Position at = at_;
  for (const auto& member : node_->members) {
    if (member.key == key) at = member.value.at;
  }
  reading_->problems.add(at, shown(key), std::move(why));
}

void Section::require(std::string_view key, std::string_view why) const {
  if (!has(key)) problem(key, fmt::format("is missing: {}", why));
}

}  // namespace slipway::config
