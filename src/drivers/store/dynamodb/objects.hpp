#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "contracts/objects.hpp"
#include "drivers/store/dynamodb/table.hpp"

// Objects of every kind: one item each, a partition for each kind. A call is one request, all reads are consistent.
namespace slipway::dynamodb {

std::optional<Object> find_object(Table& table, std::string_view kind, std::string_view id);
bool put_object(Table& table, Object& object);
bool erase_object(Table& table, const Object& object);
std::vector<Object> list_objects(Table& table, std::string_view kind, std::string_view after, std::size_t limit);

}  // namespace slipway::dynamodb
