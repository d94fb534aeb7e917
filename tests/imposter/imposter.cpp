#include "tests/imposter/imposter.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace slipway::test {

using namespace std::chrono_literals;

// One accepted connection. The descriptor is closed by the acceptor's owner after the thread has ended, never before,
// so that its number cannot come to mean something else.
struct Imposter::Peer {
  int fd = -1;
  int number = 0;
  std::string buffered;
  std::thread thread;

  bool fill() {
    char piece[16384];
    const auto n = ::recv(fd, piece, sizeof piece, 0);
    if (n > 0) buffered.append(piece, static_cast<std::size_t>(n));
    return n > 0;
  }
  bool write(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  // The bytes up to and with `mark`, or of a fixed length; nothing where the client went away first.
  std::optional<std::string> take_until(std::string_view mark) {
    std::size_t at;
    while ((at = buffered.find(mark)) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    return cut(at + mark.size());
  }
  std::optional<std::string> take(std::size_t size) {
    while (buffered.size() < size) {
      if (!fill()) return std::nullopt;
    }
    return cut(size);
  }
  std::string cut(std::size_t size) {
    auto taken = buffered.substr(0, size);
    buffered.erase(0, size);
    return taken;
  }
  void shut(bool with_reset) const {
    if (with_reset) {
      const linger at_once{1, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      const int nothing = ::socket(AF_UNIX, SOCK_STREAM, 0);
      ::dup2(nothing, fd);  // closes the connection and keeps its number ours
      ::close(nothing);
    } else {
      ::shutdown(fd, SHUT_RDWR);
    }
  }
};

namespace {
std::optional<std::string> chunked_body(auto& peer) {
  std::string body;
  for (;;) {
    const auto line = peer.take_until("\r\n");
    if (!line) return std::nullopt;
    const auto size = std::strtoul(line->c_str(), nullptr, 16);
    const auto chunk = peer.take(size + 2);
    if (!chunk) return std::nullopt;
    if (size == 0) return body;
    body.append(*chunk, 0, size);
  }
}

std::optional<ImposterRequest> read_request(auto& peer) {
  auto head = peer.take_until("\r\n\r\n");
  if (!head) return std::nullopt;
  ImposterRequest request;
  const auto first = head->find(' ');
  const auto second = head->find(' ', first + 1);
  request.method = head->substr(0, first);
  request.target = head->substr(first + 1, second - first - 1);
  for (auto at = head->find("\r\n") + 2; at + 2 < head->size();) {
    const auto end = head->find("\r\n", at);
    const auto colon = head->find(':', at);
    const auto value = head->find_first_not_of(' ', colon + 1);
    request.headers.emplace_back(head->substr(at, colon - at), head->substr(value, end - value));
    at = end + 2;
  }
  std::optional<std::string> body;
  if (net::header(request.headers, "Expect") == "100-continue") peer.write("HTTP/1.1 100 Continue\r\n\r\n");
  if (net::header(request.headers, "Transfer-Encoding") == "chunked") {
    body = chunked_body(peer);
  } else {
    body = peer.take(std::strtoul(net::header(request.headers, "Content-Length").c_str(), nullptr, 10));
  }
  if (!body) return std::nullopt;
  request.body = *body;
  request.connection = peer.number;
  return request;
}

std::string route_of(const ImposterRequest& request) {
  return request.method + " " + request.target.substr(0, request.target.find('?'));
}

int checked(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string("imposter: ") + what + " failed");
  return result;
}
}  // namespace

Imposter::Imposter() {
  listener_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  checked(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size), "bind");
  checked(::listen(listener_, 64), "listen");
  checked(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size), "getsockname");
  port_ = ntohs(address.sin_port);
  url_ = "http://127.0.0.1:" + std::to_string(port_);
  acceptor_ = std::thread([this] { accept_loop(); });
}

Imposter::Imposter(const std::string& socket) : url_("unix://" + socket), socket_path_(socket) {
  listener_ = checked(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket.copy(address.sun_path, sizeof address.sun_path - 1);
  checked(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
  checked(::listen(listener_, 64), "listen");
  acceptor_ = std::thread([this] { accept_loop(); });
}

Imposter::~Imposter() {
  ending_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (const auto& peer : peers_) ::shutdown(peer->fd, SHUT_RDWR);
  for (const auto& peer : peers_) peer->thread.join();
  for (const auto& peer : peers_) ::close(peer->fd);
  ::close(listener_);
  if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
}

void Imposter::accept_loop() {
  while (!ending_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    auto peer = std::make_unique<Peer>();
    peer->fd = fd;
    peer->number = accepted_++;
    peer->thread = std::thread([this, raw = peer.get()] { serve(*raw); });
    peers_.push_back(std::move(peer));
  }
}

void Imposter::serve(Peer& peer) {
  while (const auto request = read_request(peer)) {
    {
      std::lock_guard lock(mutex_);
      requests_.push_back(*request);
    }
    if (!answer(peer, *request, ask_script(*request))) break;
  }
  peer.shut(false);
}

ImposterResponse Imposter::ask_script(const ImposterRequest& request) {
  Script script;
  {
    std::lock_guard lock(mutex_);
    auto found = scripts_.find(route_of(request));
    if (found == scripts_.end()) found = scripts_.find("*");
    if (found != scripts_.end()) script = found->second;
  }
  if (script) return script(request);
  ImposterResponse unknown;
  unknown.status = 404;
  unknown.body = "the imposter has no script for " + route_of(request);
  return unknown;
}

// False where the imposter ends meanwhile.
bool Imposter::pause(std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (!ending_ && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(std::min(time, 5ms));
  return !ending_;
}

// True where the connection is kept.
bool Imposter::answer(Peer& peer, const ImposterRequest& request, const ImposterResponse& response) {
  if (!pause(response.delay)) return false;
  if (response.never) return pause(24h);
  if (response.reset) {
    peer.shut(true);
    return false;
  }
  if (!response.raw.empty()) {
    peer.write(response.raw);
    return false;
  }
  auto head = "HTTP/1.1 " + std::to_string(response.status) + " Scripted\r\n";
  for (const auto& [name, value] : response.headers) head += name + ": " + value + "\r\n";
  if (!response.chunks.empty() || response.endless) {
    if (!peer.write(head + "Transfer-Encoding: chunked\r\n\r\n")) return false;
    char size[32];
    for (const auto& chunk : response.chunks) {
      std::snprintf(size, sizeof size, "%zx\r\n", chunk.size());
      if (!peer.write(size + chunk + "\r\n") || !pause(response.chunk_pause)) return false;
    }
    if (response.endless) return pause(24h);
    return peer.write("0\r\n\r\n") && !response.close_after;
  }
  const bool no_body = response.status == 204 || response.status == 304;
  if (!no_body) head += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  head += "\r\n";
  if (request.method == "HEAD" || no_body) return peer.write(head) && !response.close_after;
  if (response.truncate_after) {
    peer.write(head + response.body.substr(0, *response.truncate_after));
    return false;
  }
  return peer.write(head + response.body) && !response.close_after &&
         net::header(response.headers, "Connection") != "close";
}

void Imposter::on(const std::string& route, Script script) {
  std::lock_guard lock(mutex_);
  scripts_[route] = std::move(script);
}
void Imposter::on(const std::string& route, ImposterResponse response) {
  on(route, [response = std::move(response)](const ImposterRequest&) { return response; });
}

std::vector<ImposterRequest> Imposter::requests() const {
  std::lock_guard lock(mutex_);
  return requests_;
}
std::vector<ImposterRequest> Imposter::requests(const std::string& route) const {
  auto all = requests();
  std::erase_if(all, [&](const auto& request) { return route_of(request) != route; });
  return all;
}
bool Imposter::wait_for_requests(std::size_t count, std::chrono::milliseconds timeout) const {
  const auto until = std::chrono::steady_clock::now() + timeout;
  while (requests().size() < count) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

}  // namespace slipway::test
