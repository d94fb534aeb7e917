#pragma once
#include <string>

#include "net/resolve.hpp"

namespace slipway::postgres {

// Where a server is, as lists in libpq's manner: one entry of each for every address to be tried, in this order.
struct Addresses {
  std::string hosts;
  std::string hostaddrs;  // empty entries, or none at all: libpq looks at the host
  std::string ports;
};

// Looks the names among `hosts` up by the deadline, as libpq itself cannot: it waits for getaddrinfo(). Sockets,
// numbers and "localhost" stay as they are. Throws unavailable where not one name has an address.
Addresses look_up(net::Resolver& resolver, const std::string& hosts, const std::string& ports, net::Deadline deadline);

}  // namespace slipway::postgres
