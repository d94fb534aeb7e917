#include "net/listen.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"

namespace slipway::net {

namespace {
constexpr int kBacklog = 1024;

// Closes the socket, if any, and says what went wrong with it.
[[noreturn]] void fail(int socket, const std::string& where, int error) {
  if (socket >= 0) ::close(socket);
  const auto kind =
      error == EADDRNOTAVAIL || error == EACCES || error == ENOENT ? ErrorKind::invalid : ErrorKind::unavailable;
  throw Error(kind, fmt::format("listen on {}: {}", where, std::strerror(error)));
}

int listen_on(const sockaddr* address, socklen_t size, const std::string& where, mode_t mode) {
  const int socket = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) fail(socket, where, errno);
  const int on = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(socket, address, size) != 0) fail(socket, where, errno);
  // Before listen(), so that nobody else connects in between.
  if (mode != 0 && ::chmod(reinterpret_cast<const sockaddr_un*>(address)->sun_path, mode) != 0) {
    fail(socket, where, errno);
  }
  if (::listen(socket, kBacklog) != 0) fail(socket, where, errno);
  return socket;
}
}  // namespace

int listen_on_tcp(const std::string& address, std::uint16_t port) {
  const std::string host = address == "localhost" ? "127.0.0.1" : address;
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (inet_pton(AF_INET, host.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    return listen_on(reinterpret_cast<sockaddr*>(&four), sizeof four, fmt::format("{}:{}", address, port), 0);
  }
  if (inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    return listen_on(reinterpret_cast<sockaddr*>(&six), sizeof six, fmt::format("[{}]:{}", address, port), 0);
  }
  throw Error(ErrorKind::invalid, fmt::format("listen on '{}': not an IP address; 127.0.0.1 is this machine alone, "
                                              "0.0.0.0 every network it is in",
                                              address));
}

int listen_on_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    throw Error(ErrorKind::invalid, fmt::format("listen on unix://{}: the path must have 1 to 107 bytes", path));
  }
  path.copy(address.sun_path, path.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);

  const int asking = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int refused = ::connect(asking, generic, sizeof address) == 0 ? 0 : errno;
  ::close(asking);
  if (refused == 0 || refused == EAGAIN) {
    throw Error(ErrorKind::unavailable, fmt::format("listen on unix://{}: another server listens there", path));
  }
  struct stat file {};
  if (refused == ECONNREFUSED && ::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) ::unlink(path.c_str());
  return listen_on(generic, sizeof address, "unix://" + path, 0600);
}

std::uint16_t bound_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  // The port stands at the same place in both.
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

std::optional<unsigned> peer_uid_of(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  sockaddr address{};
  socklen_t address_size = sizeof address;
  const bool local = ::getsockname(socket, &address, &address_size) == 0 && address.sa_family == AF_UNIX;
  if (!local || ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  return peer.uid;
}

std::string peer_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  char text[INET6_ADDRSTRLEN] = "";
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  if (address.ss_family == AF_UNIX) return "unix";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<sockaddr_in*>(&address)->sin_addr, text, sizeof text);
    return text;
  }
  inet_ntop(AF_INET6, &reinterpret_cast<sockaddr_in6*>(&address)->sin6_addr, text, sizeof text);
  constexpr std::string_view kMapped = "::ffff:";
  const std::string_view shown(text);
  return std::string(
      shown.starts_with(kMapped) && shown.find('.') != std::string_view::npos ? shown.substr(kMapped.size()) : shown);
}

}  // namespace slipway::net
