#include "drivers/database/postgres/listening.hpp"

#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace slipway::postgres {
namespace {

// 0, or the errno of what failed.
int try_to_listen(const addrinfo& place) {
  const int fd = socket(place.ai_family, place.ai_socktype | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  const int yes = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  const bool listens = bind(fd, place.ai_addr, place.ai_addrlen) == 0 && listen(fd, 1) == 0;
  const int error = listens ? 0 : errno;
  close(fd);
  return error;
}

}  // namespace

void require_free(const std::string& address, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    throw Error(ErrorKind::invalid, fmt::format("\"{}\" is not an address to listen on", address));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> place(found, &freeaddrinfo);
  const int error = try_to_listen(*place);
  if (error == EADDRINUSE) {
    throw Error(ErrorKind::conflict, fmt::format("port {} on {} is taken by another program; end it or choose another "
                                                 "port for Postgres",
                                                 port, address));
  }
  if (error != 0) {
    throw Error(ErrorKind::unavailable,
                fmt::format("cannot listen on {} port {}: {}", address, port, std::strerror(error)));
  }
}

}  // namespace slipway::postgres
