#include "net/http_server.hpp"

#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>

#include "net/listen.hpp"
#include "net/server_connection.hpp"

namespace slipway::net {

namespace {
constexpr int kAcceptBatch = 64;
constexpr Millis kAcceptPause{100};
constexpr std::size_t kManyConnections = 1'000;
// A client that vanished without a word is noticed within about two minutes, also where nothing is sent to it.
constexpr int kKeepAliveIdleSeconds = 60;
constexpr int kKeepAliveIntervalSeconds = 15;
constexpr int kKeepAliveProbes = 4;
constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

void set_options(int fd) {
  const auto set = [fd](int level, int name, int value) { ::setsockopt(fd, level, name, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}
}  // namespace

struct HttpServer::Impl {
  std::shared_ptr<ServerCore> core;
  std::vector<std::unique_ptr<Watched>> listeners;
  std::vector<std::string> socket_files;
  LoopTimer sweep_timer;
  LoopTimer accept_timer;
  bool sweeping = false;
  std::size_t most_connections = 0;  // over TCP, since memory was given back
  std::promise<void> emptied;
  std::thread io;

  Impl(Handler handler, ServerLimits limits, Log log)
      : core(std::make_shared<ServerCore>(std::move(handler), limits, std::move(log))),
        sweep_timer(core->loop),
        accept_timer(core->loop) {}

  void watch(Watched& listener) {
    listener.when_readable([this, &listener](bool ready) {
      if (ready) accept_from(listener);
    });
  }

  void accept_from(Watched& listener) {
    for (int i = 0; i < kAcceptBatch; ++i) {
      const int fd = ::accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        accepted(fd);
      } else if (errno == EAGAIN) {
        break;
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        core->log.warn("no connection can be taken", {{"error", std::strerror(errno)}});
        accept_timer.at(std::chrono::steady_clock::now() + kAcceptPause, [this, &listener] { watch(listener); });
        return;
      }
    }
    watch(listener);
  }

  // Where there is no place left, whoever has asked for nothing for the longest time makes room.
  void accepted(int fd) {
    auto peer = peer_of(fd);
    const bool local = peer == "unix";
    auto& lane = local ? core->local : core->network;
    if (lane.connections() >= lane.connection_limit && !lane.idle.empty()) lane.idle.front()->close();
    if (lane.connections() >= lane.connection_limit) {
      (void)!::send(fd, kFull.data(), kFull.size(), MSG_NOSIGNAL);
      ::close(fd);
      return;
    }
    if (!local) set_options(fd);
    auto connection = std::make_shared<ServerConnection>(*core, lane, fd, std::move(peer));
    lane.idle.push_back(connection);
    connection->start(std::prev(lane.idle.end()));
    most_connections = std::max(most_connections, core->network.connections());
    if (!sweeping) sweep();
  }

  // What many connections at once have used goes back to the system when most of them are gone.
  void give_back_memory() {
    const std::size_t now = core->network.connections();
    if (most_connections < kManyConnections || now > most_connections / 4) return;
    ::malloc_trim(0);
    most_connections = now;
  }

  // Looks for connections past their deadline, from time to time while there are any: one timer for all of them.
  void sweep() {
    const auto now = std::chrono::steady_clock::now();
    std::vector<std::shared_ptr<ServerConnection>> late;
    for (const auto& connection : connections()) {
      if (connection->expired(now)) late.push_back(connection);
    }
    for (const auto& connection : late) connection->expire();
    give_back_memory();
    sweeping = !core->empty();
    if (!sweeping) return;
    const auto& limits = core->limits;
    const auto shortest = std::min({limits.idle_timeout, limits.read_timeout, limits.write_timeout});
    sweep_timer.at(now + std::clamp(shortest / 4, Millis(10), Millis(1'000)), [this] { sweep(); });
  }

  void begin_drain() {
    core->draining = true;
    accept_timer.cancel();
    for (const auto& listener : listeners) listener->close();
    core->on_empty = [this, told = false]() mutable {
      if (!std::exchange(told, true)) emptied.set_value();
    };
    for (const auto& connection : connections()) connection->drain();
    if (core->empty()) core->on_empty();
  }

  void close_all() {
    core->on_empty = nullptr;
    sweep_timer.cancel();
    for (const auto& connection : connections()) connection->close();
  }

  std::vector<std::shared_ptr<ServerConnection>> connections() const {
    std::vector<std::shared_ptr<ServerConnection>> all;
    for (const Lane* lane : {&core->network, &core->local}) {
      all.insert(all.end(), lane->busy.begin(), lane->busy.end());
      all.insert(all.end(), lane->idle.begin(), lane->idle.end());
    }
    return all;
  }
};

HttpServer::HttpServer(Handler handler, ServerLimits limits, Log log)
    : impl_(std::make_unique<Impl>(std::move(handler), limits, std::move(log))) {}

HttpServer::~HttpServer() { stop(Millis(0)); }

void HttpServer::answer_inline(InlineHandler handler) { impl_->core->inline_handler = std::move(handler); }

void HttpServer::admit(Admission admission) { impl_->core->admission = std::move(admission); }

std::uint16_t HttpServer::listen_tcp(const std::string& address, std::uint16_t port) {
  const int socket = listen_on_tcp(address, port);
  impl_->listeners.push_back(std::make_unique<Watched>(impl_->core->loop, socket));
  return bound_port(socket);
}

void HttpServer::listen_unix(const std::string& path) {
  impl_->listeners.push_back(std::make_unique<Watched>(impl_->core->loop, listen_on_unix(path)));
  impl_->socket_files.push_back(path);
}

void HttpServer::start() {
  for (const auto& listener : impl_->listeners) impl_->watch(*listener);
  impl_->io = std::thread([this] { impl_->core->loop.run(); });
}

// The loop outlives the workers, since what they make is posted to it; it ends when nothing is left in it.
void HttpServer::stop(Millis drain) {
  if (impl_->io.joinable()) {
    auto emptied = impl_->emptied.get_future();
    impl_->core->loop.post([this] { impl_->begin_drain(); });
    emptied.wait_for(drain);
    impl_->core->loop.post([this] { impl_->close_all(); });
    for (Lane* lane : {&impl_->core->network, &impl_->core->local}) {
      lane->workers.stop();
      lane->followers.stop();
    }
    impl_->core->loop.release();
    impl_->io.join();
  }
  impl_->listeners.clear();
  for (const auto& path : impl_->socket_files) ::unlink(path.c_str());
  impl_->socket_files.clear();
}

}  // namespace slipway::net
