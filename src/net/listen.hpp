#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace slipway::net {

// Non-blocking listening sockets. Both throw unavailable where the address is taken, invalid where it is none.
int listen_on_tcp(const std::string& address, std::uint16_t port);
int listen_on_unix(const std::string& path);  // replaces a dead socket file; mode 0600

std::uint16_t bound_port(int socket);
std::optional<unsigned> peer_uid_of(int socket);  // of a Unix socket: whose program has connected
std::string peer_of(int socket);                  // "203.0.113.7", "2001:db8::1", or "unix"

}  // namespace slipway::net
