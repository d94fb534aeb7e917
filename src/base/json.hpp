#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Reading of JSON with errors that name the place. Writing needs nothing of ours.
namespace slipway {

// Throws Error(internal) that says whose text it was ("docker") and what was wrong, never the text itself.
boost::json::value parse_json(std::string_view text, std::string_view whose);

// The member as asked, or what an absent or null member stands for. Another type throws Error(internal).
std::string string_at(const boost::json::object& object, std::string_view key, std::string_view fallback = "");
std::int64_t int_at(const boost::json::object& object, std::string_view key, std::int64_t fallback = 0);
bool bool_at(const boost::json::object& object, std::string_view key, bool fallback = false);

// The object or array at `key`, or nullptr where it is absent or of another type.
const boost::json::object* object_at(const boost::json::object& object, std::string_view key);
const boost::json::array* array_at(const boost::json::object& object, std::string_view key);

}  // namespace slipway
