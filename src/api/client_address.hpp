#pragma once
#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

// Whose request it is, where proxies stand between. What a client writes into a header itself must never decide it.
namespace slipway::api {

// An IP address has one spelling here: no zone, and an IPv4 address that is written as IPv6 (::ffff:192.0.2.1) is IPv4.
using Address = boost::asio::ip::address;

// One address, or all that begin with the same bits: "127.0.0.1", "10.0.0.0/8", "2001:db8::/32".
struct AddressRange {
  Address first;
  unsigned bits = 0;

  bool contains(const Address& address) const;
};

// Throws invalid for what is none, and for /0: whoever may write any address is no proxy.
AddressRange parse_address_range(std::string_view text);

// The client behind the trusted proxies, in the one spelling. X-Forwarded-For and Forwarded (RFC 7239) are walked from
// the right, all lines in order, past each trusted proxy; what is no address ends the walk at the proxy that passed it
// on. Where both headers name somebody else, one of them comes from the client: it is then the peer itself.
std::string client_address(const std::string& peer, const net::Headers& headers,
                           const std::vector<AddressRange>& trusted);

// The client's connection was TLS, as the trusted proxy that is the peer says: by X-Forwarded-Proto, else Forwarded.
bool came_over_tls(const std::string& peer, const net::Headers& headers, const std::vector<AddressRange>& trusted);

// What limits count as one client: an IPv4 address, the /64 of an IPv6 address (a single customer line has one).
std::string client_of(const std::string& address);

}  // namespace slipway::api
