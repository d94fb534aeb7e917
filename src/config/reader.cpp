#include "config/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"
#include "base/mask.hpp"
#include "base/text.hpp"
#include "base/variables.hpp"
#include "config/secret.hpp"

namespace slipway::config {
namespace {

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

std::string joined(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

bool free_names(const std::vector<std::string>& names) { return names == std::vector<std::string>{"*"}; }

bool is_list_of_maps(const std::string& pattern) {
  return std::any_of(keys().begin(), keys().end(),
                     [&](const Key& key) { return key.path.starts_with(pattern + "[]."); });
}

}  // namespace

Reader::Reader(const std::filesystem::path& file, const EnvLookup& env)
    : problems(file.string()), env_(env), place_(place_in(config)) {
  config.file = std::filesystem::absolute(file).lexically_normal();
  enter(place_, "plans.*", "default");
  take_defaults();
}

void Reader::take_defaults() {
  for (const Key& key : keys()) {
    std::string_view value = key.absent.value;
    if (value.empty()) continue;
    key.member.clear(key.member.in(place_));
    if (!key.kind.list) {
      take(key, std::string(value));
      continue;
    }
    value = value.substr(1, value.size() - 2);  // "[a, b]"
    for (const std::string& item : split(value, ',')) {
      if (!value.empty()) take(key, trimmed(item));
    }
  }
}

void Reader::read(const YamlNode& root) { read_map(root, "", ""); }

void Reader::read_only(std::string_view section, const YamlNode& root) {
  read_member(root, std::string(section), std::string(section), std::string(section));
}

void Reader::problem(const std::string& path, std::string why) {
  std::string_view around = path;
  while (!around.empty() && !has(std::string(around))) {
    const auto end = around.find_last_of(".[");
    around = around.substr(0, end == std::string_view::npos ? 0 : end);
  }
  const auto place = places_.find(std::string(around));
  problems.add(place == places_.end() ? Position{} : place->second, path, std::move(why));
}

void Reader::require(const std::string& path, std::string_view why) {
  if (!has(path)) problem(path, fmt::format("is missing: {}", why));
}

void Reader::read_map(const YamlNode& map, const std::string& pattern, const std::string& path) {
  if (map.kind != YamlNode::Kind::map && map.kind != YamlNode::Kind::null) {
    return problems.add(map.at, path, fmt::format("must be a map of keys, not {}", kind_words(map.kind)));
  }
  places_.emplace(path, map.at);
  check_names(map, pattern, path);
  const auto names = names_below(pattern);
  if (!free_names(names)) {
    for (const std::string& name : names) read_member(map, name, joined(pattern, name), joined(path, name));
    return;
  }
  // The plan that the others begin as goes first.
  for (const bool standard : {true, false}) {
    for (const auto& member : map.members) {
      if ((member.key == "default") == standard) {
        read_named(member, joined(pattern, "*"), joined(path, quotable(member.key)));
      }
    }
  }
}

void Reader::check_names(const YamlNode& map, const std::string& pattern, const std::string& path) {
  const auto known = names_below(pattern);
  std::map<std::string_view, Position> seen;
  for (const auto& member : map.members) {
    const std::string shown = joined(path, quotable(member.key));
    const auto [first, fresh] = seen.emplace(member.key, member.at);
    if (!fresh)
      problems.add(member.at, shown, fmt::format("is given twice; the first is in line {}", first->second.line));
    if (free_names(known) || std::find(known.begin(), known.end(), member.key) != known.end()) continue;
    const std::string near = nearest(member.key, known);
    problems.add(member.at, shown,
                 near.empty() ? fmt::format("unknown key; known here: {}", fmt::join(known, ", "))
                              : fmt::format("unknown key; did you mean '{}'?", near));
  }
}

void Reader::read_member(const YamlNode& map, const std::string& name, const std::string& pattern,
                         const std::string& path) {
  const auto member =
      std::find_if(map.members.begin(), map.members.end(), [&](const auto& m) { return m.key == name; });
  const bool there = member != map.members.end() && member->value.kind != YamlNode::Kind::null;
  if (const Key* key = find_key(pattern)) {
    if (there) return read_value(*key, member->value, path);
    if (!key->absent.required.empty()) problem(path, fmt::format("is missing: {}", key->absent.required));
  } else if (is_list_of_maps(pattern)) {
    if (there) read_items(member->value, pattern + "[]", path);
  } else if (there) {
    read_map(member->value, pattern, path);
  } else {
    for (const std::string& inner : names_below(pattern)) {
      if (inner != "*") read_member(YamlNode{}, inner, joined(pattern, inner), joined(path, inner));
    }
  }
}

void Reader::read_named(const YamlNode::Member& member, const std::string& pattern, const std::string& path) {
  try {
    enter(place_, pattern, member.key);
  } catch (const Error& e) {
    return problems.add(member.at, path, fmt::format("'{}' {}", quotable(member.key), e.message()));
  }
  if (const Key* key = find_key(pattern)) {
    read_value(*key, member.value, path);
  } else {
    read_map(member.value, pattern, path);
  }
}

void Reader::read_items(const YamlNode& list, const std::string& pattern, const std::string& path) {
  if (list.kind != YamlNode::Kind::list) {
    return problems.add(list.at, path, fmt::format("must be a list of maps, not {}", kind_words(list.kind)));
  }
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    enter(place_, pattern, "");
    read_map(list.items[i], pattern, fmt::format("{}[{}]", path, i));
  }
}

void Reader::read_value(const Key& key, const YamlNode& node, const std::string& path) {
  places_.emplace(path, node.at);
  Written value{&key, path, node.at.line, "", {}};
  if (!key.kind.list) {
    value.shown = read_scalar(key, node, path, value.variables);
  } else if (node.kind != YamlNode::Kind::list) {
    problems.add(node.at, path, fmt::format("must be a list such as [a, b], not {}", kind_words(node.kind)));
  } else {
    key.member.clear(key.member.in(place_));
    std::vector<std::string> items;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      items.push_back(read_scalar(key, node.items[i], fmt::format("{}[{}]", path, i), value.variables));
    }
    value.shown = fmt::format("[{}]", fmt::join(items, ", "));
  }
  written.push_back(std::move(value));
}

std::string Reader::read_scalar(const Key& key, const YamlNode& node, const std::string& path,
                                std::vector<std::string>& variables) {
  if (node.kind != YamlNode::Kind::scalar) {
    const std::string_view what =
        node.kind == YamlNode::Kind::null ? "nothing; write \"\" for an empty one" : kind_words(node.kind);
    problems.add(node.at, path, fmt::format("must be a single value, not {}", what));
    return "";
  }
  const bool secret = key.kind.form == Form::secret;
  std::vector<std::string> used;
  std::string text;
  try {
    text = with_variables(node.text, env_, &used);
    if (secret) text = secret_from(text, config.file.parent_path());
  } catch (const Error& e) {
    problems.add(node.at, path, e.message());
    return "";
  }
  keep_secrets(key, path, text, used);
  try {
    if (key.kind.late) key.parse(text);
    take(key, key.kind.late ? node.text : text);
  } catch (const Error& e) {
    // What came from elsewhere may be a secret in the wrong place.
    const std::string subject = secret         ? "its value"
                                : used.empty() ? fmt::format("'{}'", quotable(text))
                                               : fmt::format("the value of ${{{}}}", fmt::join(used, "}, ${"));
    const bool detailed = used.empty() && !secret && !e.fields().empty();
    const std::string why = detailed ? fmt::format("{}: {}", e.message(), e.fields().front().message) : e.message();
    problems.add(node.at, path, fmt::format("{} {}", subject, why));
  }
  variables.insert(variables.end(), used.begin(), used.end());
  const std::string& shown = key.kind.free_text ? node.text : text;
  // What is written into the app's environment may be a secret of the app's; a template says where it comes from.
  const bool constant = key.kind.form == Form::templated && shown.find("{{") == std::string::npos;
  return secret || constant ? "***" : shown;
}

// What must not be quoted: secrets, what the app is given from the environment, and what is written into its
// environment under a name that says so ("STRIPE_KEY").
void Reader::keep_secrets(const Key& key, const std::string& path, const std::string& text,
                          const std::vector<std::string>& variables) {
  if (key.kind.form == Form::secret) config.secrets.emplace_back(text);
  const bool variable = key.path == "app.env.*";
  if (!variable && key.path != "app.command") return;
  for (const std::string& name : variables) config.secrets.emplace_back(env_(name).value_or(""));
  const bool literal = variables.empty() && text.find("{{") == std::string::npos;
  if (variable && literal && names_a_secret(path)) config.secrets.emplace_back(text);
}

void Reader::take(const Key& key, const std::string& text) {
  std::string value = text;
  if (key.kind.form == Form::path && !text.empty()) {
    config::text().parse(text);
    value = (config.file.parent_path() / text).lexically_normal().string();
  }
  key.member.assign(key.member.in(place_), key.parse(value));
}

}  // namespace slipway::config
