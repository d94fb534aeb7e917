#include "base/json.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway {
namespace {

const boost::json::value* present(const boost::json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

[[noreturn]] void wrong_type(std::string_view key, std::string_view wanted) {
  throw Error(ErrorKind::internal, fmt::format("JSON: member '{}' is not {}", key, wanted));
}

}  // namespace

boost::json::value parse_json(std::string_view text, std::string_view whose) {
  boost::system::error_code error;
  // What is read is thrown away as a whole, so that its memory is one piece.
  auto value =
      boost::json::parse(text, error, boost::json::make_shared_resource<boost::json::monotonic_resource>(text.size()));
  if (error) {
    throw Error(ErrorKind::internal, fmt::format("{}: the answer is not valid JSON ({})", whose, error.message()));
  }
  return value;
}

std::string string_at(const boost::json::object& object, std::string_view key, std::string_view fallback) {
  const auto* value = present(object, key);
  if (value == nullptr) return std::string(fallback);
  if (!value->is_string()) wrong_type(key, "a string");
  return std::string(value->get_string());
}

std::int64_t int_at(const boost::json::object& object, std::string_view key, std::int64_t fallback) {
  const auto* value = present(object, key);
  if (value == nullptr) return fallback;
  boost::system::error_code error;
  const auto number = value->to_number<std::int64_t>(error);
  if (error) wrong_type(key, "a whole number");
  return number;
}

bool bool_at(const boost::json::object& object, std::string_view key, bool fallback) {
  const auto* value = present(object, key);
  if (value == nullptr) return fallback;
  if (!value->is_bool()) wrong_type(key, "a boolean");
  return value->get_bool();
}

const boost::json::object* object_at(const boost::json::object& object, std::string_view key) {
  const auto* value = present(object, key);
  return value == nullptr ? nullptr : value->if_object();
}

const boost::json::array* array_at(const boost::json::object& object, std::string_view key) {
  const auto* value = present(object, key);
  return value == nullptr ? nullptr : value->if_array();
}

}  // namespace slipway
