#include "drivers/runtime/process/ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "drivers/runtime/process/tenant_files.hpp"

namespace slipway::process {
namespace {

class Socket {
 public:
  explicit Socket(int family) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

// Listens on every address of the family; the errno, or 0. With SO_REUSEADDR a port whose last connections linger is
// free, and one with a listener is not.
int try_listen(const Socket& socket, int family, std::uint16_t port) {
  const int on = 1;
  setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  int bound;
  if (family == AF_INET6) {
    setsockopt(socket.fd(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    sockaddr_in6 address = {};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    bound = bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  } else {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    bound = bind(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  }
  if (bound != 0 || listen(socket.fd(), 1) != 0) return errno;
  return 0;
}

bool is_free_in(int family, Port port) {
  const Socket socket(family);
  // A machine without IPv6 cannot have a listener there.
  if (socket.fd() < 0 && family == AF_INET6) return true;
  if (socket.fd() < 0) throw_errno("make a socket", errno);
  const int code = try_listen(socket, family, port.value());
  if (code == EADDRINUSE) return false;
  if (code != 0 && family == AF_INET) throw_errno("bind port " + std::to_string(port.value()), code);
  return true;
}

}  // namespace

bool is_free(Port port) { return is_free_in(AF_INET, port) && is_free_in(AF_INET6, port); }

Port choose_port() {
  const Socket socket(AF_INET);
  if (socket.fd() < 0) throw_errno("make a socket", errno);
  if (const int code = try_listen(socket, AF_INET, 0)) throw_errno("choose a port", code);
  sockaddr_in address = {};
  socklen_t size = sizeof(address);
  if (getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw_errno("choose a port", errno);
  }
  return Port(ntohs(address.sin_port));
}

}  // namespace slipway::process
