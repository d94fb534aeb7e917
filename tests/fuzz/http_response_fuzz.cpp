#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <thread>

#include "net/http_client.hpp"
#include "tests/fuzz/fuzz.hpp"

// A server that answers with any bytes and closes. The client ends with an answer or an Error, keeps its limits, and
// reads the same whole and as a stream in pieces.
namespace {

using namespace slipway;

constexpr std::size_t body_limit = 4'096;

// Accepts connections one after the other and says the same bytes on each.
class Server {
 public:
  Server() : path_("/tmp/slipway-fuzz-" + std::to_string(::getpid())), fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    ::unlink(path_.c_str());
    fuzz::require(
        ::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 && ::listen(fd_, 8) == 0,
        "a socket to listen on");
  }
  ~Server() { ::unlink(path_.c_str()); }
  std::string url() const { return "unix://" + path_; }
  // Each piece goes out when the client has taken the one before, so that it sees just these.
  void answer_once(const std::vector<std::string_view>& pieces) const {
    const int client = ::accept(fd_, nullptr, nullptr);
    for (const std::string_view piece : pieces) {
      if (::send(client, piece.data(), piece.size(), MSG_NOSIGNAL) < 0) break;
      for (int waiting = 1, looks = 0; waiting > 0 && looks < 1'000; ++looks) {
        if (::ioctl(client, TIOCOUTQ, &waiting) != 0) break;
        if (waiting > 0) std::this_thread::yield();
      }
    }
    ::shutdown(client, SHUT_WR);
    char request[1'024];
    while (::read(client, request, sizeof request) > 0) {
    }
    ::close(client);
  }

 private:
  std::string path_;
  int fd_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Server server;
  fuzz::Input input(data, size);
  const std::uint8_t seed = input.byte();
  const std::string_view bytes = input.rest();
  net::Response whole;
  std::string streamed;
  net::Response head;
  bool ok = false;
  bool stream_ok = false;
  {
    const std::jthread answering([&] { server.answer_once({bytes}); });
    net::HttpClient client({server.url()}, body_limit);
    ok = fuzz::accepts([&] { whole = client.send({.target = "/x", .timeout = Millis(10'000)}); });
  }
  {
    const std::jthread answering([&] { server.answer_once(fuzz::pieces_of(bytes, seed)); });
    net::HttpClient client({server.url()}, body_limit);
    const auto take = [&](std::string_view piece) { return streamed += piece, streamed.size() <= bytes.size(); };
    stream_ok = fuzz::accepts([&] { head = client.stream({.target = "/x", .timeout = Millis(10'000)}, take, {}); });
  }
  fuzz::require(streamed.size() <= bytes.size(), "a body is not made up");
  if (!ok) return 0;
  fuzz::require(whole.status >= 200 && whole.status <= 999, "interim answers are passed over");
  fuzz::require(whole.body.size() <= body_limit, "the body keeps its limit");
  for (const auto& [name, value] : whole.headers) {
    fuzz::require(value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos, "a header is one line", value);
  }
  fuzz::require(stream_ok && head.status == whole.status, "a stream has the same head");
  if (whole.status < 400) fuzz::require(streamed == whole.body, "a stream has the same body");
  return 0;
}
