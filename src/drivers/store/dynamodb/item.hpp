#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

// Items and attribute values as DynamoDB's JSON has them: {"pk": {"S": "TENANT#t_1"}, "version": {"N": "7"}}.
namespace slipway::dynamodb {

using Item = boost::json::object;

boost::json::value text(std::string_view value);
boost::json::value number(std::int64_t value);
boost::json::value flag(bool value);
boost::json::value moment(TimePoint at);  // milliseconds since 1970

// The attribute, or empty, 0, false, nothing where the item lacks it. One of another type throws Error(internal).
std::string text_of(const Item& item, std::string_view name);
std::int64_t number_of(const Item& item, std::string_view name);
bool flag_of(const Item& item, std::string_view name);
std::optional<TimePoint> moment_of(const Item& item, std::string_view name);

// The number with leading zeros, so that text sorts as numbers do.
std::string padded(std::uint64_t value, int width);

Item key_of(std::string_view pk, std::string_view sk);

}  // namespace slipway::dynamodb
