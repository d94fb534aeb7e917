#include "config/schema.hpp"

#include <fmt/format.h>

#include "base/text.hpp"
#include "config/keys.hpp"
#include "config/reference.hpp"

namespace slipway {
namespace {

namespace json = boost::json;

constexpr std::string_view reference_pattern = R"(\$\{)";  // a value from the environment may be anything

json::object types(std::initializer_list<std::string_view> names) {
  json::array list;
  for (const std::string_view name : names) list.emplace_back(name);
  return {{"type", std::move(list)}};
}

json::object matching(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", fmt::format("{}|{}", pattern, reference_pattern)}};
}

json::object any_of(json::array choices) { return {{"anyOf", std::move(choices)}}; }

// Numbers may also be written as text.
json::object number(std::string_view type, json::object limits, std::string_view pattern) {
  limits["type"] = type;
  return any_of({std::move(limits), matching(pattern)});
}

// "outbox, smtp or resend" -> its words; nothing for a type in words such as "IPv4 address or auto".
std::vector<std::string> choices_in(std::string_view type) {
  std::vector<std::string> choices;
  const auto last = type.rfind(" or ");
  if (last == std::string_view::npos) return {};
  for (const std::string& word : split(type.substr(0, last), ',')) choices.push_back(trimmed(word));
  choices.emplace_back(type.substr(last + 4));
  const auto spaced = [](const std::string& word) { return word.find(' ') != std::string::npos; };
  return std::any_of(choices.begin(), choices.end(), spaced) ? std::vector<std::string>{} : choices;
}

json::object of_type(std::string_view type) {
  static const std::map<std::string_view, std::string_view> patterns = {
      {"duration", "^0*[1-9][0-9]*(ms|s|m|h|d)$"},
      {"size", "^[0-9]+(B|KiB|MiB|GiB|TiB|K|M|G|T)$"},
      {"port range", "^[0-9]+-[0-9]+$"},
      {"name", "^[a-z0-9][a-z0-9_-]{0,62}$"},
      {"subnet", "^[0-9.]+/[0-9]+$"},
      {"address", "://"},
      {"mail address", "@"},
      {"mail address with a name", "@"},
      {"IPv4 address", R"(^$|^[0-9]+(\.[0-9]+){3}$)"},
      {"IPv4 address or auto", R"(^auto$|^[0-9]+(\.[0-9]+){3}$)"},
      {"IP address and port", ":[0-9]+$"},
  };
  if (type == "port") return number("integer", {{"minimum", 1}, {"maximum", 65535}}, "^[0-9]+$");
  if (type == "whole number") return number("integer", {{"minimum", 0}}, "^[0-9]+$");
  if (type == "number") return number("number", {{"exclusiveMinimum", 0}}, R"(^[0-9.]+$)");
  if (type == "true or false") return any_of({json::object{{"type", "boolean"}}, matching("^(true|false)$")});
  if (type == "list of text") {
    return {{"type", "array"}, {"items", types({"string", "number", "boolean"})}};
  }
  if (const auto found = patterns.find(type); found != patterns.end()) return matching(found->second);
  if (const auto choices = choices_in(type); !choices.empty()) {
    json::array list(choices.begin(), choices.end());
    return any_of({json::object{{"enum", std::move(list)}}, matching(reference_pattern)});
  }
  return types({"string", "number", "boolean"});
}

json::object or_null(json::object schema) { return any_of({std::move(schema), json::object{{"type", "null"}}}); }

json::object of_path(const std::string& path);

json::object of_map(const std::string& path) {
  json::object schema{{"type", "object"}};
  const std::string head = path.empty() ? "" : path + ".";
  const auto names = keys_in(path);
  if (names == std::vector<std::string>{"*"}) {
    schema["additionalProperties"] = of_path(head + "*");
    return schema;
  }
  json::object properties;
  json::array required;
  for (const std::string& name : names) {
    properties[name] = of_path(head + name);
    if (is_required_key(head + name)) required.emplace_back(name);
  }
  if (path.empty()) required.emplace_back("app");
  schema["properties"] = std::move(properties);
  schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

json::object of_key(const ConfigKey& key) {
  const bool must_be = is_required_key(key.path) || key.path.ends_with(".*");
  json::object schema = must_be ? of_type(key.type) : or_null(of_type(key.type));
  schema["description"] = plain_meaning_of_key(key.path);
  if (!key.fallback.empty() && key.type != "list of text") {
    boost::system::error_code ec;
    json::value parsed = json::parse(key.fallback, ec);  // numbers and true or false; the rest is text
    schema["default"] = ec ? json::value(key.fallback) : parsed;
  }
  return schema;
}

json::object of_path(const std::string& path) {
  bool list = false;
  for (const ConfigKey& key : config_keys()) {
    if (key.path == path) return of_key(key);
    list = list || key.path.starts_with(path + "[]");
  }
  if (list) return or_null({{"type", "array"}, {"items", of_map(path + "[]")}});
  // What is required inside must not be got round by leaving the section empty.
  json::object map = of_map(path);
  return map.contains("required") ? map : or_null(std::move(map));
}

}  // namespace

json::object config_schema() {
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "slipway.yaml"}};
  for (const auto& [name, value] : of_map("")) schema[name] = value;
  return schema;
}

}  // namespace slipway
