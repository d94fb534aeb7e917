#pragma once
#include "contracts/store.hpp"
#include "drivers/store/sqlite/connection.hpp"

namespace slipway::sqlite {

// The ledger in numbers, from indexes alone; the size of the range of ports is left to the caller.
Overview overview_of(Connection& ledger, TimePoint now, TimePoint ready_since);

}  // namespace slipway::sqlite
