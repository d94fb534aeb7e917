#include "api/body.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "api/problem.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

constexpr std::size_t named_limit = 20;
constexpr std::size_t shown_name_limit_bytes = 64;
constexpr std::size_t metadata_limit = 16;
constexpr std::size_t metadata_key_limit_bytes = 64;
constexpr std::size_t metadata_value_limit_bytes = 512;
constexpr std::size_t json_depth_limit = 8;

}  // namespace

json::object json_body(const net::ServerRequest& request) {
  const std::string type = lowered_ascii(trimmed(split(net::header(request.headers, "Content-Type"), ';').front()));
  if (type != "application/json") {
    throw StatusError(415, ErrorKind::invalid,
                      type.empty() ? "send the body as Content-Type: application/json"
                                   : fmt::format("the body is {}; send application/json", type));
  }
  return parse_object(request.body);
}

json::object parse_object(std::string_view body) {
  if (utf8_length(body) == std::string_view::npos) throw Error(ErrorKind::invalid, "the body is not valid UTF-8");
  json::parse_options options;
  options.max_depth = json_depth_limit;
  boost::system::error_code error;
  json::value value = json::parse(body, error, {}, options);
  if (error) throw Error(ErrorKind::invalid, fmt::format("the body is not valid JSON: {}", error.message()));
  if (!value.is_object()) throw Error(ErrorKind::invalid, "the body must be a JSON object");
  return std::move(value.get_object());
}

BodyReader::BodyReader(json::object object, const std::vector<std::string>& known) : object_(std::move(object)) {
  for (const auto& member : object_) {
    const std::string name(member.key());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest(name, known);
    refuse(name, near.empty() ? "is not a known field" : fmt::format("is not a known field; did you mean '{}'?", near));
  }
}

const json::string* BodyReader::text_of(std::string_view name, bool required) {
  const json::value* value = object_.if_contains(name);
  if (value == nullptr || value->is_null()) {
    if (required) refuse(name, "is required");
    return nullptr;
  }
  if (!value->is_string()) refuse(name, "must be a string");
  return value->if_string();
}

void BodyReader::read_metadata(std::map<std::string, std::string>& into) {
  const json::value* value = object_.if_contains("metadata");
  if (value == nullptr || value->is_null()) return;
  if (!value->is_object()) return refuse("metadata", "must be an object of strings");
  if (value->get_object().size() > metadata_limit) {
    return refuse("metadata", fmt::format("may hold at most {} pairs", metadata_limit));
  }
  for (const auto& [key, entry] : value->get_object()) {
    const std::string name(key);
    if (!entry.is_string()) {
      refuse("metadata." + name, "must be a string");
    } else if (name.empty() || name.size() > metadata_key_limit_bytes ||
               entry.get_string().size() > metadata_value_limit_bytes) {
      refuse("metadata." + name.substr(0, metadata_key_limit_bytes),
             fmt::format("keys have 1 to {} bytes, values at most {}", metadata_key_limit_bytes,
                         metadata_value_limit_bytes));
    } else if (has_control_characters(name) || has_control_characters(entry.get_string())) {
      refuse("metadata." + name, "must not hold control characters");
    } else {
      into[name] = std::string(entry.get_string());
    }
  }
}

// A body may hold thousands of wrong fields, or one whose name fills it: the answer stays small.
void BodyReader::refuse(std::string_view field, std::string why) {
  if (refused_.size() == named_limit) {
    ++not_named_;
    return;
  }
  const std::string_view shown = cut_to_bytes(field, shown_name_limit_bytes);
  refused_.push_back({without_controls(shown) + (shown.size() < field.size() ? "…" : ""), std::move(why)});
}

void BodyReader::check() const {
  if (refused_.empty()) return;
  std::string message;
  for (const FieldError& e : refused_) {
    message += fmt::format("{}{} {}", message.empty() ? "" : "; ", e.field, e.message);
  }
  if (not_named_ > 0) message += fmt::format("; and {} more", not_named_);
  Error error(ErrorKind::invalid, message);
  for (const FieldError& e : refused_) std::move(error).on(e.field, e.message);
  throw error;
}

}  // namespace slipway::api
