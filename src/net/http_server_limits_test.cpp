// What the server refuses and cuts off.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "net/http_client.hpp"
#include "tests/imposter/running_server.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::answer_to;
using test::eventually;
using test::kGet;
using test::RawClient;
using test::RunningServer;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

// A door that tests open: handlers wait behind it. It gives up after ten seconds.
class Gate {
 public:
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return open_; }));
  }
  void await_waiting(int count) {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(changed_.wait_for(lock, 10s, [&] { return waiting_ >= count; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

// Always has more; says when it is let go.
struct Endless : PieceSource {
  explicit Endless(std::atomic<bool>& the_gone) : gone(the_gone) {}
  ~Endless() override { gone = true; }
  State pull(std::string& out) override { return out += std::string(10'000, 'x'), State::more; }
  std::atomic<bool>& gone;
};

TEST(HttpServerLimits, RefusesWhatIsMalformedOrTooLarge) {
  RunningServer running(RunningServer::echo, {.body_bytes = 1000, .header_bytes = 2000});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"nonsense\r\n\r\n", "400"},
      {"\x16\x03\x01\x02", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\nContent-Length: 3\r\n\r\nabc", "501"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: x\r\n\r\nabc", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "400"},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "505"},
      {"GET / HTTP/1.1\r\nHost: a\r\nExpect: miracles\r\n\r\n", "417"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(3000, 'x') + "\r\n\r\n", "431"},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(300'000, 'x'), "431"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x'), "413"},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + std::string(2000, 'x'), "413"},
  };
  for (const auto& [request, status] : cases) {
    RawClient client(running.port);
    client.send(request);
    const auto answer = client.read_to_end();
    EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 " + status + " "), HasSubstr("application/problem+json"),
                              HasSubstr("Connection: close"), HasSubstr("Cache-Control: no-store")))
        << request.substr(0, 100);
    EXPECT_TRUE(client.ended()) << request.substr(0, 100);
  }
  EXPECT_THAT(
      answer_to(running.port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')),
      StartsWith("HTTP/1.1 200"));
}

TEST(HttpServerLimits, TakesABoundedNumberOfFields) {
  RunningServer running;
  const auto with = [&](int fields) {
    std::string request = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (int i = 1; i < fields; ++i) request += "a: b\r\n";
    return answer_to(running.port, request + "\r\n");
  };
  EXPECT_THAT(with(100), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(with(101), StartsWith("HTTP/1.1 431"));
}

TEST(HttpServerLimits, CutsOffASlowRequest) {
  RunningServer running(RunningServer::echo, {.read_timeout = 200ms});
  RawClient slow(running.port);
  std::atomic<bool> over{false};
  // Each byte comes in time; the request as a whole does not.
  std::jthread trickle([&] {
    slow.send("GET / HTTP/1.1\r\nX: ");
    while (!over && slow.send("x")) std::this_thread::sleep_for(20ms);
  });
  EXPECT_THAT(slow.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 408"));
  over = true;

  RawClient silent(running.port);
  EXPECT_EQ(silent.read_to_end(), "");
  EXPECT_TRUE(silent.ended());
}

TEST(HttpServerLimits, ClosesIdleConnections) {
  RunningServer running(RunningServer::echo, {.idle_timeout = 100ms});
  RawClient client(running.port);
  client.send(kGet);
  EXPECT_THAT(client.read_to_end(), EndsWith("/hello||"));
  EXPECT_TRUE(client.ended());
}

TEST(HttpServerLimits, CutsOffAClientThatTakesNothing) {
  std::atomic<bool> gone{false};
  RunningServer running(
      [&](const ServerRequest&) -> Reply {
        return StreamingResponse{.head = {},
                                 .open = [&](const auto&, const auto&) { return std::make_unique<Endless>(gone); }};
      },
      {.write_timeout = 100ms});
  RawClient client(running.port, 4096);
  client.send(kGet);
  EXPECT_TRUE(eventually([&] { return gone.load(); }));
}

TEST(HttpServerLimits, AnswersBusyWhenTheQueueIsFull) {
  Gate gate;
  RunningServer running(
      [&](const ServerRequest&) -> Reply {
        gate.pass();
        return Response{.body = "done"};
      },
      {.queued_requests = 2, .workers = 1});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(running.port));
    clients.back()->send(kGet);
    if (i == 0) gate.await_waiting(1);
  }
  // One runs and two wait; the other two are told so at once.
  EXPECT_TRUE(eventually([&] {
    return std::count_if(clients.begin(), clients.end(), [](const auto& client) { return client->readable(); }) == 2;
  }));
  gate.open();
  int busy = 0;
  int done = 0;
  for (const auto& client : clients) {
    const auto head = client->read_until("\r\n\r\n");
    if (head.starts_with("HTTP/1.1 503")) {
      EXPECT_THAT(head, HasSubstr("Retry-After: 1"));
      ++busy;
    } else if (head.starts_with("HTTP/1.1 200")) {
      ++done;
    }
  }
  EXPECT_EQ(busy, 2);
  EXPECT_EQ(done, 3);
}

TEST(HttpServerLimits, RefusesConnectionsBeyondTheLimit) {
  Gate gate;
  RunningServer running(
      [&](const ServerRequest& request) -> Reply {
        if (request.path == "/hello") gate.pass();
        return Response{.body = "done"};
      },
      {.connections = 2});
  RawClient first(running.port);
  RawClient second(running.port);
  first.send(kGet);
  second.send(kGet);
  gate.await_waiting(2);
  RawClient third(running.port);
  EXPECT_THAT(third.read_to_end(), StartsWith("HTTP/1.1 503"));
  gate.open();
  EXPECT_THAT(first.read_until("done"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(second.read_until("done"), StartsWith("HTTP/1.1 200"));
  first.close();
  EXPECT_TRUE(eventually([&] { return answer_to(running.port, kGet).starts_with("HTTP/1.1 200"); }));
}

TEST(HttpServerLimits, WhoHasBeenIdleLongestMakesRoom) {
  RunningServer running(RunningServer::echo, {.connections = 2});
  RawClient first(running.port);
  RawClient second(running.port);
  first.send(kGet);
  EXPECT_THAT(first.read_until("/hello||"), StartsWith("HTTP/1.1 200"));
  second.send(kGet);
  EXPECT_THAT(second.read_until("/hello||"), StartsWith("HTTP/1.1 200"));
  first.send(kGet);
  EXPECT_THAT(first.read_until("/hello||"), StartsWith("HTTP/1.1 200"));
  RawClient third(running.port);
  third.send(kGet);
  EXPECT_THAT(third.read_until("/hello||"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(second.read_to_end(), "");
  EXPECT_TRUE(second.ended());
  first.send(kGet);
  EXPECT_THAT(first.read_until("/hello||"), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServerLimits, WhoBringsNoWholeHeadMakesRoomToo) {
  RunningServer running(RunningServer::echo, {.connections = 2});
  RawClient first(running.port);
  RawClient second(running.port);
  for (RawClient* half : {&first, &second}) half->send("GET / HTTP/1.1\r\nHo");
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(eventually([&] { return answer_to(running.port, kGet).starts_with("HTTP/1.1 200"); }));
  }
  EXPECT_EQ(first.read_to_end(), "");
}

// Whatever comes over TCP, whoever owns the machine is answered over the Unix socket.
TEST(HttpServerLimits, TheUnixSocketHasPlacesAndWorkersOfItsOwn) {
  Gate gate;
  HttpServer server(
      [&](const ServerRequest& request) -> Reply {
        if (request.peer != "unix") gate.pass();
        return Response{.body = "done"};
      },
      {.connections = 3, .queued_requests = 1, .workers = 1}, Log::silent());
  const auto port = server.listen_tcp("127.0.0.1", 0);
  const std::string path = fmt::format("/tmp/slipway-limits-{}.sock", ::getpid());
  server.listen_unix(path);
  server.start();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(std::make_unique<RawClient>(port));
    clients.back()->send(kGet);
  }
  gate.await_waiting(1);
  RawClient local(path);
  local.send(kGet);
  EXPECT_THAT(local.read_until("done"), StartsWith("HTTP/1.1 200"));
  gate.open();
}

std::string post_of(std::size_t length, std::string_view more = "") {
  return fmt::format("POST / HTTP/1.1\r\nHost: a\r\n{}Content-Length: {}\r\n\r\n", more, length);
}

TEST(HttpServerLimits, ABodyThatIsNotWantedIsNotRead) {
  std::atomic<int> handled{0};
  HttpServer server([&](const ServerRequest&) -> Reply { return ++handled, Response{.body = "done"}; }, {},
                    Log::silent());
  server.admit([](const ServerRequest& head) -> std::optional<Response> {
    EXPECT_EQ(head.body, "");
    EXPECT_EQ(head.peer, "127.0.0.1");
    if (header(head.headers, "X-Key") == "right") return std::nullopt;
    return Response{.status = 401, .body = "no key"};
  });
  const auto port = server.listen_tcp("127.0.0.1", 0);
  server.start();
  for (const char* more : {"", "Expect: 100-continue\r\n"}) {
    RawClient client(port);
    client.send(post_of(60'000, more) + (*more == 0 ? "x" : ""));
    EXPECT_THAT(client.read_to_end(), AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("Connection: close")));
    EXPECT_TRUE(client.ended());
  }
  EXPECT_EQ(handled, 0);
  RawClient client(port);
  client.send(post_of(6, "X-Key: right\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ab");
  client.send("cdef");
  EXPECT_THAT(client.read_until("done"), StartsWith("HTTP/1.1 200"));
  client.send(post_of(2, "X-Key: right\r\n") + "x");
  client.send("y" + std::string(kGet));  // the connection goes on
  EXPECT_THAT(client.read_until("done"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(client.read_until("done"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(handled, 3);
}

TEST(HttpServerLimits, UnfinishedRequestsShareABoundedMemory) {
  RunningServer running(RunningServer::echo, {.request_memory = 100'000, .small_request = 1'000});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 10; ++i) {
    clients.push_back(std::make_unique<RawClient>(running.port));
    clients.back()->send(post_of(60'000) + std::string(59'999, 'x'));
  }
  const auto refused = [&] {
    return std::count_if(clients.begin(), clients.end(), [](const auto& client) { return client->readable(); });
  };
  EXPECT_TRUE(eventually([&] { return refused() == 9; })) << refused();
  for (auto& client : clients) {
    if (!client->readable()) continue;
    EXPECT_THAT(client->read_until("\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: 1")));
  }
  EXPECT_THAT(answer_to(running.port, kGet), StartsWith("HTTP/1.1 200")) << "a small one is answered";
  for (auto& client : clients) {
    if (client->readable()) continue;
    client->send("x");
    EXPECT_THAT(client->read_until("x"), StartsWith("HTTP/1.1 200"));
  }
  clients.clear();
  EXPECT_TRUE(eventually([&] {  // what they held is given back
    return answer_to(running.port, post_of(60'000) + std::string(60'000, 'x')).starts_with("HTTP/1.1 200");
  }));
}

}  // namespace
}  // namespace slipway::net
