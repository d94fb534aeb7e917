#pragma once
#include <cstdint>
#include <string>

namespace slipway::postgres {

// Throws Error(conflict) where another program listens there, unavailable where this machine lacks the address.
void require_free(const std::string& address, std::uint16_t port);

}  // namespace slipway::postgres
