#include "drivers/store/dynamodb/item.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"

namespace slipway::dynamodb {
namespace {

// The value of type `type` ("S", "N", "BOOL") of an attribute, or nullptr where there is no such attribute.
const boost::json::value* value_at(const Item& item, std::string_view name, std::string_view type) {
  const boost::json::value* attribute = item.if_contains(name);
  if (attribute == nullptr) return nullptr;
  const boost::json::object* typed = attribute->if_object();
  const boost::json::value* value = typed == nullptr ? nullptr : typed->if_contains(type);
  if (value == nullptr) {
    throw Error(ErrorKind::internal, fmt::format("ledger: an item's attribute {} is not of type {}", name, type));
  }
  return value;
}

}  // namespace

boost::json::value text(std::string_view value) { return boost::json::object{{"S", value}}; }
boost::json::value number(std::int64_t value) { return boost::json::object{{"N", std::to_string(value)}}; }
boost::json::value flag(bool value) { return boost::json::object{{"BOOL", value}}; }
boost::json::value moment(TimePoint at) { return number(at.time_since_epoch().count()); }

std::string text_of(const Item& item, std::string_view name) {
  const boost::json::value* value = value_at(item, name, "S");
  if (value == nullptr || !value->is_string()) return {};
  return std::string(value->get_string());
}

std::int64_t number_of(const Item& item, std::string_view name) {
  const boost::json::value* value = value_at(item, name, "N");
  if (value == nullptr) return 0;
  const std::string_view digits = value->is_string() ? std::string_view(value->get_string()) : std::string_view();
  std::int64_t result = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), result);
  if (problem != std::errc() || end != digits.data() + digits.size()) {
    throw Error(ErrorKind::internal, fmt::format("ledger: an item's attribute {} is no whole number", name));
  }
  return result;
}

bool flag_of(const Item& item, std::string_view name) {
  const boost::json::value* value = value_at(item, name, "BOOL");
  return value != nullptr && value->is_bool() && value->get_bool();
}

std::optional<TimePoint> moment_of(const Item& item, std::string_view name) {
  if (!item.contains(name)) return std::nullopt;
  return TimePoint(Millis(number_of(item, name)));
}

std::string padded(std::uint64_t value, int width) { return fmt::format("{:0{}}", value, width); }

Item key_of(std::string_view pk, std::string_view sk) { return {{"pk", text(pk)}, {"sk", text(sk)}}; }

}  // namespace slipway::dynamodb
