#pragma once
#include <cstddef>

namespace slipway::net {

// What is still to come of a chunked body has at least this length: its end is "0\r\n\r\n". Beast's parser (1.81)
// asserts that much once it has seen "0\r\n", so it is given nothing shorter.
inline constexpr std::size_t chunked_rest_bytes = 5;

}  // namespace slipway::net
