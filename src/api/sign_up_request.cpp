#include "api/sign_up_request.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;

constexpr std::size_t metadata_limit = 16;
constexpr std::size_t metadata_key_limit_bytes = 64;
constexpr std::size_t metadata_value_limit_bytes = 512;
constexpr std::size_t json_depth_limit = 8;

const std::vector<std::string> fields = {"admin_email", "subdomain", "company_name", "userId", "plan", "metadata"};

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

// Collects what is wrong with each field, so that a form can show everything at once.
class Reader {
 public:
  explicit Reader(const json::object& object) : object_(object) {
    for (const auto& member : object) {
      const std::string name(member.key());
      if (std::find(fields.begin(), fields.end(), name) != fields.end()) continue;
      const std::string near = nearest(name, fields);
      refuse(name,
             near.empty() ? "is not a known field" : fmt::format("is not a known field; did you mean '{}'?", near));
    }
  }

  template <class T>
  void read(std::string_view name, bool required, T& into, T (*parse)(std::string_view)) {
    const json::value* value = object_.if_contains(name);
    if (value == nullptr || value->is_null()) {
      if (required) refuse(name, "is required");
      return;
    }
    if (!value->is_string()) return refuse(name, "must be a string");
    try {
      into = parse(value->get_string());
    } catch (const Error& error) {
      if (error.fields().empty()) {
        refuse(name, error.message());
      } else {
        refuse(name, error.fields().front().message);
      }
    }
  }

  void read_metadata(std::map<std::string, std::string>& into) {
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

  void throw_if_refused() {
    if (refused_.empty()) return;
    std::string message;
    for (const FieldError& e : refused_)
      message += fmt::format("{}{} {}", message.empty() ? "" : "; ", e.field, e.message);
    Error error(ErrorKind::invalid, message);
    for (FieldError& e : refused_) std::move(error).on(std::move(e.field), std::move(e.message));
    throw error;
  }

 private:
  void refuse(std::string_view field, std::string why) { refused_.push_back({std::string(field), std::move(why)}); }

  const json::object& object_;
  std::vector<FieldError> refused_;
};

PlanName parse_plan_name(std::string_view text) { return PlanName(std::string(text)); }

}  // namespace

SignUp parse_sign_up(std::string_view body) {
  const json::object object = parse_object(body);
  Reader reader(object);
  SignUp sign_up;
  sign_up.plan = PlanName("default");
  reader.read("admin_email", true, sign_up.admin_email, parse_email);
  reader.read("subdomain", true, sign_up.slug, parse_slug);
  reader.read("company_name", true, sign_up.company_name, parse_company_name);
  reader.read("userId", false, sign_up.user_id, parse_user_id);
  reader.read("plan", false, sign_up.plan, parse_plan_name);
  reader.read_metadata(sign_up.metadata);
  reader.throw_if_refused();
  return sign_up;
}

std::string sign_up_hash(const SignUp& s) {
  json::object metadata;
  for (const auto& [key, value] : s.metadata) metadata[key] = value;
  const json::array canonical{s.admin_email.value(), s.slug.value(), s.company_name.value(),
                              s.user_id.value(),     s.plan.value(), std::move(metadata)};
  return to_hex(sha256(json::serialize(canonical)));
}

}  // namespace slipway::api
