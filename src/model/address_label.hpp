#pragma once
#include <string_view>

namespace slipway {

// Names of sslip.io and nip.io lead to the address that they hold. Whether these services read one in a DNS label,
// where our own address stands behind it: four numbers ("app-127-0-0-1"), or an IPv6 address with hyphens for colons
// ("2001-db8--1").
bool holds_address(std::string_view label);

// Eight hex digits between hyphens ("app-7f000001"): an IPv4 address for the same services, though not only that.
bool holds_hex_address(std::string_view label);

}  // namespace slipway
