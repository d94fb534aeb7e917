#include "net/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <thread>

#include "base/error.hpp"
#include "net/http_client.hpp"
#include "tests/imposter/raw_client.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::RawClient;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";

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

// A server on a free port, with a handler that echoes.
struct Running {
  explicit Running(Handler handler = echo, ServerLimits limits = {})
      : server(std::move(handler), limits, Log::silent()) {
    port = server.listen_tcp("127.0.0.1", 0);
    server.start();
  }
  static Reply echo(const ServerRequest& request) {
    return Response{.headers = {{"X-Peer", request.peer}, {"X-Method", request.method}},
                    .body = request.path + "|" + request.query + "|" + request.body};
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }

  HttpServer server;
  std::uint16_t port;
};

std::string answer_to(std::uint16_t port, std::string_view request) {
  RawClient client(port);
  client.send(request);
  client.half_close();
  return client.read_to_end();
}

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  Running running;
  HttpClient client({.url = running.url()});
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send({.method = "POST", .target = "/a%20b?x=1", .body = "text"});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, "/a%20b|x=1|text");
    EXPECT_EQ(header(response.headers, "X-Peer"), "127.0.0.1");
    EXPECT_THAT(header(response.headers, "Date"), EndsWith(" GMT"));
  }
  RawClient raw(running.port);
  for (int i = 0; i < 3; ++i) {
    raw.send(kGet);
    EXPECT_THAT(raw.read_until("/hello||"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  // The first is the slowest.
  Running running([](const ServerRequest& request) -> Reply {
    if (request.path == "/0") std::this_thread::sleep_for(50ms);
    return Response{.body = "answer " + request.path + ";"};
  });
  RawClient client(running.port);
  std::string all;
  for (int i = 0; i < 200; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 200; ++i) {
    EXPECT_THAT(client.read_until(";"), EndsWith("answer /" + std::to_string(i) + ";"));
  }
}

TEST(HttpServer, ReadsARequestThatComesByteByByte) {
  Running running;
  RawClient client(running.port);
  for (const char c : std::string("\r\nPOST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "3\r\nabc\r\n2;ext=1\r\nde\r\n0\r\n\r\n")) {
    client.send({&c, 1});
  }
  EXPECT_THAT(client.read_until("abcde"), HasSubstr("/p||abcde"));
}

TEST(HttpServer, AnswersInlineFromTheIoThread) {
  HttpServer server([](const ServerRequest&) -> Reply { return Response{.body = "worker"}; }, {}, Log::silent());
  server.answer_inline([](const ServerRequest& request) -> std::optional<Response> {
    if (request.path == "/throws") throw Error(ErrorKind::internal, "no");
    if (request.path != "/healthz") return std::nullopt;
    return Response{.body = "inline"};
  });
  const auto port = server.listen_tcp("127.0.0.1", 0);
  server.start();
  HttpClient client({.url = "http://127.0.0.1:" + std::to_string(port)});
  EXPECT_EQ(client.send({.target = "/healthz"}).body, "inline");
  EXPECT_EQ(client.send({.target = "/else"}).body, "worker");
  EXPECT_EQ(client.send({.target = "/throws"}).status, 500);
  RawClient raw(port);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  std::jthread sender([&] { raw.send(many); });
  for (int i = 0; i < 5000; ++i) ASSERT_THAT(raw.read_until("inline"), EndsWith("\r\n\r\ninline"));
}

TEST(HttpServer, HeadIsGetWithoutABody) {
  Running running;
  RawClient client(running.port);
  client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, AllOf(HasSubstr("Content-Length: 4"), HasSubstr("X-Method: GET")));
  EXPECT_THAT(client.read_until("/g||"), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, HoldsTheBodyBackUntilItIsAskedFor) {
  Running running;
  RawClient client(running.port);
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  EXPECT_THAT(client.read_until("|body"), StartsWith("HTTP/1.1 200"));
  // A body that would be too large is refused before it is sent.
  client.send("POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413"));
}

TEST(HttpServer, ClosesWhenAskedToAndForHttp10) {
  Running running;
  EXPECT_THAT(answer_to(running.port, "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
              AllOf(HasSubstr("Connection: close\r\n"), EndsWith("/a||")));
  RawClient old(running.port);
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.read_to_end(), EndsWith("/a||"));
  EXPECT_TRUE(old.ended());
  RawClient kept(running.port);
  kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_THAT(kept.read_until("/a||"), HasSubstr("Connection: keep-alive"));
}

TEST(HttpServer, RefusesWhatIsMalformedOrTooLarge) {
  Running running(Running::echo, {.body_bytes = 1000, .header_bytes = 2000});
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"nonsense\r\n\r\n", "400"},
      {"\x16\x03\x01\x02", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "400"},
      {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "400"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "400"},
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
                              HasSubstr("Connection: close")))
        << request.substr(0, 100);
    EXPECT_TRUE(client.ended()) << request.substr(0, 100);
  }
  EXPECT_THAT(
      answer_to(running.port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'x')),
      StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, CutsOffASlowRequest) {
  Running running(Running::echo, {.read_timeout = 200ms});
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

TEST(HttpServer, ClosesIdleConnections) {
  Running running(Running::echo, {.idle_timeout = 100ms});
  RawClient client(running.port);
  client.send(kGet);
  EXPECT_THAT(client.read_to_end(), EndsWith("/hello||"));
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, CutsOffAClientThatTakesNothing) {
  std::atomic<bool> gone{false};
  Running running(
      [&](const ServerRequest&) -> Reply {
        return StreamingResponse{.head = {}, .produce = [&](BodyWriter& out) {
                                   while (out.write(std::string(10'000, 'x'))) {
                                   }
                                   gone = true;
                                 }};
      },
      {.write_timeout = 100ms});
  RawClient client(running.port, 4096);
  client.send(kGet);
  EXPECT_TRUE(eventually([&] { return gone.load(); }));
}

TEST(HttpServer, AnswersBusyWhenTheQueueIsFull) {
  Gate gate;
  Running running(
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

TEST(HttpServer, RefusesConnectionsBeyondTheLimit) {
  Running running(Running::echo, {.connections = 2});
  RawClient first(running.port);
  RawClient second(running.port);
  first.send(kGet);
  second.send(kGet);
  EXPECT_THAT(first.read_until("/hello||"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(second.read_until("/hello||"), StartsWith("HTTP/1.1 200"));
  RawClient third(running.port);
  EXPECT_THAT(third.read_to_end(), StartsWith("HTTP/1.1 503"));
  first.close();
  EXPECT_TRUE(eventually([&] { return answer_to(running.port, kGet).starts_with("HTTP/1.1 200"); }));
}

TEST(HttpServer, AFailingHandlerGivesNoDetailsAway) {
  Running running([](const ServerRequest& request) -> Reply {
    if (request.path == "/error") throw Error(ErrorKind::unavailable, "the database at 10.0.0.7 is down");
    if (request.path == "/header") return Response{.headers = {{"Location", "/x\r\nSet-Cookie: stolen=1"}}};
    throw std::runtime_error("vector::at 12");
  });
  HttpClient client({.url = running.url()});
  for (const auto* path : {"/error", "/other", "/header"}) {
    const auto response = client.send({.target = path});
    EXPECT_EQ(response.status, 500);
    EXPECT_EQ(header(response.headers, "Content-Type"), "application/problem+json");
    EXPECT_EQ(header(response.headers, "Set-Cookie"), "");
    EXPECT_THAT(response.body,
                AllOf(Not(HasSubstr("10.0.0.7")), Not(HasSubstr("vector")), HasSubstr("\"status\":500")));
  }
}

TEST(HttpServer, ListensOnAUnixSocket) {
  char directory[] = "/tmp/slipway-net-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const auto path = std::string(directory) + "/api.sock";
  {
    HttpServer server(Running::echo, {}, Log::silent());
    server.listen_unix(path);
    server.start();
    struct stat file {};
    ASSERT_EQ(::stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
    HttpClient client({.url = "unix://" + path});
    EXPECT_EQ(header(client.send({}).headers, "X-Peer"), "unix");

    HttpServer other(Running::echo, {}, Log::silent());
    EXPECT_THROW(other.listen_unix(path), Error) << "a living server's socket is not taken";
    EXPECT_EQ(client.send({}).status, 200);
    server.stop(1s);
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  {
    // What a killed server leaves behind.
    const int dead = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(::bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ::close(dead);
    HttpServer server(Running::echo, {}, Log::silent());
    server.listen_unix(path);
    server.start();
    EXPECT_EQ(HttpClient({.url = "unix://" + path}).send({}).status, 200);
  }
  std::filesystem::remove_all(directory);
}

TEST(HttpServer, SaysThatAnAddressIsTaken) {
  Running running;
  HttpServer second(Running::echo, {}, Log::silent());
  try {
    second.listen_tcp("127.0.0.1", running.port);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::unavailable);
    EXPECT_EQ(e.message(), "listen on 127.0.0.1:" + std::to_string(running.port) + ": Address already in use");
  }
  EXPECT_THROW(second.listen_tcp("nowhere", 0), Error);
}

TEST(HttpServer, ServesManyClientsAtOnce) {
  Running running;
  HttpClient client({.url = running.url()});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 6; ++t) {
    threads.emplace_back([&client, t] {
      for (int i = 0; i < 100; ++i) {
        const auto body = std::string(static_cast<std::size_t>(1 + i * 37), static_cast<char>('a' + t));
        EXPECT_EQ(client.send({.method = "POST", .target = "/" + std::to_string(i), .body = body}).body,
                  "/" + std::to_string(i) + "||" + body);
      }
    });
  }
}

}  // namespace
}  // namespace slipway::net
