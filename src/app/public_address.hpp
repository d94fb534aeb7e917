#pragma once
#include <string>

namespace slipway {

// The IPv4 address under which this machine is known outside: on EC2 what the instance's metadata say (a NAT hides it
// from the machine itself), elsewhere the address of the interface that leads out. Throws not_found with what to do.
std::string find_public_address();

// True for addresses that no stranger can reach (RFC 1918, loopback, link-local, carrier-grade NAT).
bool is_private_address(const std::string& address);

// True where an interface of this machine has this IPv4 address.
bool is_own_address(const std::string& address);

}  // namespace slipway
