#include "config/schema.hpp"

#include <fmt/format.h>

#include "config/keys.hpp"
#include "config/reference.hpp"

namespace slipway {
namespace {

namespace json = boost::json;
using config::Form;
using config::Key;
using config::Kind;

constexpr std::string_view variable = R"(\$\{)";  // a value from the environment may be anything

json::object matching(std::string_view pattern) {
  return {{"type", "string"}, {"pattern", fmt::format("{}|{}", pattern, variable)}};
}

json::object any_of(json::array choices) { return {{"anyOf", std::move(choices)}}; }

json::object or_null(json::object schema) { return any_of({std::move(schema), json::object{{"type", "null"}}}); }

// Numbers may also be written as text.
json::object number(std::string_view type, const Kind& kind, std::string_view pattern) {
  const auto limit = [&](double value) {
    return kind.form == Form::whole ? json::value(static_cast<std::int64_t>(value)) : json::value(value);
  };
  json::object limits{{"type", type}, {"minimum", limit(kind.least)}, {"maximum", limit(kind.most)}};
  return any_of({std::move(limits), matching(pattern)});
}

json::object of_kind(const Kind& kind) {
  const json::object scalar{{"type", json::array{"string", "number", "boolean"}}};
  if (kind.list) return {{"type", "array"}, {"items", scalar}};
  switch (kind.form) {
    case Form::pattern:
      return matching(kind.pattern);
    case Form::choice:
      return any_of(
          {json::object{{"enum", json::array(kind.choices.begin(), kind.choices.end())}}, matching(variable)});
    case Form::whole:
      return number("integer", kind, "^[0-9]+$");
    case Form::decimal:
      return number("number", kind, "^[0-9.]+$");
    case Form::flag:
      return any_of({json::object{{"type", "boolean"}}, matching("^(true|false)$")});
    case Form::text:
    case Form::templated:
    case Form::secret:
    case Form::path:
      return scalar;
  }
  return scalar;
}

json::object of_key(const Key& key) {
  const bool must_be = !key.absent.required.empty() || key.path.ends_with(".*");
  json::object schema = must_be ? of_kind(key.kind) : or_null(of_kind(key.kind));
  schema["description"] = plain_text(key.meaning);
  if (!key.absent.value.empty() && !key.kind.list) {
    boost::system::error_code ec;
    json::value parsed = json::parse(key.absent.value, ec);  // numbers and true or false; the rest is text
    schema["default"] = ec ? json::value(key.absent.value) : parsed;
  }
  return schema;
}

json::object of_section(const std::string& path);

json::object of_path(const std::string& path) {
  if (const Key* key = config::find_key(path)) return of_key(*key);
  if (!config::names_below(path + "[]").empty()) {
    return or_null({{"type", "array"}, {"items", of_section(path + "[]")}});
  }
  // What is required inside must not be got round by leaving the section empty.
  json::object section = of_section(path);
  return section.contains("required") ? section : or_null(std::move(section));
}

json::object of_section(const std::string& path) {
  json::object schema{{"type", "object"}};
  json::object properties;
  json::array required;
  for (const std::string& name : config::names_below(path)) {
    json::object property = of_path(path.empty() ? name : path + "." + name);
    if (name == "*") {
      schema["additionalProperties"] = std::move(property);
      return schema;
    }
    const Key* key = config::find_key(path.empty() ? name : path + "." + name);
    if (key != nullptr ? !key->absent.required.empty() : property.contains("required")) required.emplace_back(name);
    properties[name] = std::move(property);
  }
  schema["properties"] = std::move(properties);
  schema["additionalProperties"] = false;
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

}  // namespace

json::object config_schema() {
  json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "slipway.yaml"}};
  for (const auto& [name, value] : of_section("")) schema[name] = value;
  return schema;
}

}  // namespace slipway
