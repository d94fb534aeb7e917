#include "drivers/runtime/process/ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "drivers/runtime/process/tenant_files.hpp"
#include "os/descriptor.hpp"

namespace slipway::process {
namespace {

os::Descriptor make_socket(int family) { return os::Descriptor(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

// Listens on every address of the family; the errno, or 0. With SO_REUSEADDR a port whose last connections linger is
// free, and one with a listener is not.
int try_listen(const os::Descriptor& socket, int family, std::uint16_t port) {
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  int bound;
  if (family == AF_INET6) {
    setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    bound = bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    bound = bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (bound != 0 || listen(socket.get(), 1) != 0) return errno;
  return 0;
}

bool is_free_in(int family, Port port) {
  const os::Descriptor socket = make_socket(family);
  // A machine without IPv6 cannot have a listener there.
  if (!socket && family == AF_INET6) return true;
  if (!socket) throw_errno("make a socket", errno);
  const int code = try_listen(socket, family, port.value());
  if (code == EADDRINUSE) return false;
  if (code != 0 && family == AF_INET) throw_errno("bind port " + std::to_string(port.value()), code);
  return true;
}

}  // namespace

bool is_free(Port port) { return is_free_in(AF_INET, port) && is_free_in(AF_INET6, port); }

Port choose_port() {
  const os::Descriptor socket = make_socket(AF_INET);
  if (!socket) throw_errno("make a socket", errno);
  if (const int code = try_listen(socket, AF_INET, 0)) throw_errno("choose a port", code);
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_errno("choose a port", errno);
  }
  return Port(ntohs(address.sin_port));
}

}  // namespace slipway::process
