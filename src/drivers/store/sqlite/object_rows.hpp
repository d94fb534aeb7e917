#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "contracts/objects.hpp"
#include "drivers/store/sqlite/connection.hpp"

// Objects of every kind, statement by statement.
namespace slipway::sqlite {

std::optional<Object> find_object_row(Connection& ledger, std::string_view kind, std::string_view id);
// False where the ledger has another version; `object` keeps its own.
bool put_object_row(Connection& ledger, const Object& object);
bool erase_object_row(Connection& ledger, const Object& object);
std::vector<Object> object_rows(Connection& ledger, std::string_view kind, std::string_view after, std::size_t limit);

}  // namespace slipway::sqlite
