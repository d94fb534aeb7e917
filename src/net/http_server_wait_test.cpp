// Answers that come later, and the end of a server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <thread>

#include "net/http_client.hpp"
#include "tests/imposter/running_server.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::eventually;
using test::kGet;
using test::RawClient;
using test::RunningServer;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// Where waiting answers are subscribed, and woken from.
struct Bell {
  std::mutex mutex;
  std::vector<std::function<void()>> wakes;

  void add(std::function<void()> wake) {
    std::lock_guard lock(mutex);
    wakes.push_back(std::move(wake));
  }
  std::size_t count() {
    std::lock_guard lock(mutex);
    return wakes.size();
  }
  void ring() {
    std::lock_guard lock(mutex);
    for (const auto& wake : wakes) wake();
  }
};

WaitingResponse waiting(Bell& bell, Millis timeout, std::string body, std::shared_ptr<int> held = nullptr) {
  return {.timeout = timeout,
          .subscribe = [&bell](std::function<void()> wake) { bell.add(std::move(wake)); },
          .finish = [body, held] { return Response{.body = body}; }};
}

// Says the same again and again.
struct Lines : PieceSource {
  State pull(std::string& out) override { return out += "line;", State::waiting; }
  Millis pause() const override { return 1ms; }
};

TEST(Waiting, AnswersWhenWoken) {
  Bell bell;
  RunningServer running([&](const ServerRequest&) -> Reply { return waiting(bell, 30s, "woken"); }, {.workers = 1});
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {  // far more than there are workers
    clients.push_back(std::make_unique<RawClient>(running.port));
    clients.back()->send(kGet);
  }
  ASSERT_TRUE(eventually([&] { return bell.count() == 20; }));
  bell.ring();
  bell.ring();  // a second call is nothing
  for (const auto& client : clients) EXPECT_THAT(client->read_until("woken"), StartsWith("HTTP/1.1 200"));
  clients[0]->send(kGet);
  ASSERT_TRUE(eventually([&] { return bell.count() == 21; }));
  bell.ring();
  EXPECT_THAT(clients[0]->read_until("woken"), StartsWith("HTTP/1.1 200"));
}

TEST(Waiting, AnswersWhenWokenAtOnce) {
  RunningServer running([&](const ServerRequest&) -> Reply {
    return WaitingResponse{.timeout = 30s,
                           .subscribe = [](const auto& wake) { wake(); },
                           .finish = [] { return Response{.body = "now"}; }};
  });
  EXPECT_EQ(HttpClient({.url = running.url()}).send({}).body, "now");
}

TEST(Waiting, AnswersAtTheDeadlineAndHearsNoOtherBell) {
  Bell bell;
  RunningServer running([&](const ServerRequest&) -> Reply { return waiting(bell, 100ms, "late"); });
  RawClient client(running.port);
  client.send(kGet);
  EXPECT_THAT(client.read_until("late"), StartsWith("HTTP/1.1 200"));
  const auto start = std::chrono::steady_clock::now();
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return bell.count() == 2; }));
  bell.wakes[0]();  // it belongs to the first request, which was answered
  EXPECT_THAT(client.read_until("late"), StartsWith("HTTP/1.1 200"));
  EXPECT_GE(std::chrono::steady_clock::now() - start, 100ms);
}

TEST(Waiting, KeepsRequestsThatComeMeanwhile) {
  Bell bell;
  RunningServer running([&](const ServerRequest& request) -> Reply {
    if (request.path == "/wait") return waiting(bell, 30s, "waited;");
    return Response{.body = request.path + ";"};
  });
  RawClient client(running.port);
  client.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  ASSERT_TRUE(eventually([&] { return bell.count() == 1; }));
  client.send("GET /next HTTP/1.1\r\nHost: x\r\n\r\n");
  bell.ring();
  EXPECT_THAT(client.read_until(";"), EndsWith("waited;"));
  EXPECT_THAT(client.read_until(";"), EndsWith("/next;"));
}

TEST(Waiting, AClientThatGoesAwayLeavesNothing) {
  Bell bell;
  auto held = std::make_shared<int>(1);
  RunningServer running([&, held](const ServerRequest&) -> Reply { return waiting(bell, 30s, "x", held); });
  const auto before = held.use_count();
  {
    RawClient client(running.port);
    client.send(kGet);
    ASSERT_TRUE(eventually([&] { return bell.count() == 1; }));
  }
  EXPECT_TRUE(eventually([&] { return held.use_count() == before; })) << "what would make the answer is still held";
  bell.ring();
}

TEST(Waiting, IsAskedWhetherItIsReadyOnceAtFirstAndAfterEachCall) {
  Bell bell;
  std::atomic<int> asked{0};
  std::atomic<bool> ready{false};
  RunningServer running([&](const ServerRequest&) -> Reply {
    auto response = waiting(bell, 30s, "ready");
    response.ready = [&] { return ++asked, ready.load(); };
    return response;
  });
  RawClient client(running.port);
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return bell.count() == 1 && asked == 1; }));
  bell.ring();
  ASSERT_TRUE(eventually([&] { return asked == 2; }));
  EXPECT_FALSE(client.readable());
  ready = true;
  bell.ring();
  EXPECT_THAT(client.read_until("ready"), StartsWith("HTTP/1.1 200"));
}

TEST(Waiting, WhereItCannotBeKnownWhetherItIsReadyTheAnswerSaysSo) {
  RunningServer running([&](const ServerRequest&) -> Reply {
    return WaitingResponse{.timeout = 30s,
                           .subscribe = [](const auto&) {},
                           .ready = []() -> bool { throw std::runtime_error("busy"); },
                           .finish = [] { return Response{.status = 503, .body = "the ledger is busy"}; }};
  });
  EXPECT_EQ(HttpClient({.url = running.url()}).send({}).status, 503);
}

TEST(Waiting, IsBoundedInNumber) {
  Bell bell;
  RunningServer running([&](const ServerRequest&) -> Reply { return waiting(bell, 30s, "x"); }, {.waits = 1});
  RawClient first(running.port);
  first.send(kGet);
  ASSERT_TRUE(eventually([&] { return bell.count() == 1; }));
  EXPECT_EQ(HttpClient({.url = running.url()}).send({}).status, 503);
  bell.ring();
  EXPECT_THAT(first.read_until("x"), StartsWith("HTTP/1.1 200"));
}

TEST(Waiting, FailuresAre500) {
  RunningServer running([&](const ServerRequest& request) -> Reply {
    if (request.path == "/subscribe") {
      return WaitingResponse{.timeout = 30s,
                             .subscribe = [](const auto&) { throw std::runtime_error("no"); },
                             .finish = [] { return Response{}; }};
    }
    return WaitingResponse{.timeout = 1ms,
                           .subscribe = [](const auto&) {},
                           .finish = []() -> Response { throw std::runtime_error("no"); }};
  });
  HttpClient client({.url = running.url()});
  EXPECT_EQ(client.send({.target = "/subscribe"}).status, 500);
  EXPECT_EQ(client.send({.target = "/finish"}).status, 500);
}

TEST(Waiting, AWakeAfterTheServersEndIsNothing) {
  Bell bell;
  {
    RunningServer running([&](const ServerRequest&) -> Reply { return waiting(bell, 30s, "x"); });
    RawClient client(running.port);
    client.send(kGet);
    ASSERT_TRUE(eventually([&] { return bell.count() == 1; }));
  }
  bell.ring();
}

TEST(Stop, LetsRequestsInFlightFinish) {
  std::atomic<bool> entered{false};
  std::atomic<bool> proceed{false};
  RunningServer running([&](const ServerRequest&) -> Reply {
    entered = true;
    eventually([&] { return proceed.load(); });
    return Response{.body = "finished"};
  });
  RawClient busy(running.port);
  RawClient idle(running.port);
  busy.send(kGet);
  ASSERT_TRUE(eventually([&] { return entered.load(); }));
  std::jthread stopper([&] { running.server.stop(30s); });
  EXPECT_EQ(idle.read_to_end(), "");  // an idle connection is closed at once
  EXPECT_TRUE(idle.ended());
  EXPECT_FALSE(RawClient(running.port).connected()) << "nothing new is taken";
  proceed = true;
  EXPECT_THAT(busy.read_to_end(), AllOf(HasSubstr("Connection: close"), EndsWith("finished")));
  EXPECT_TRUE(busy.ended());
}

TEST(Stop, FinishesWaitsAndEndsStreams) {
  Bell bell;
  RunningServer running([&](const ServerRequest& request) -> Reply {
    if (request.path == "/wait") return waiting(bell, 300s, "as it is now");
    return StreamingResponse{.head = {}, .open = [](const auto&, const auto&) { return std::make_unique<Lines>(); }};
  });
  RawClient wait(running.port);
  RawClient stream(running.port);
  wait.send("GET /wait HTTP/1.1\r\nHost: x\r\n\r\n");
  stream.send(kGet);
  stream.read_until("line;");
  ASSERT_TRUE(eventually([&] { return bell.count() == 1; }));
  const auto start = std::chrono::steady_clock::now();
  running.server.stop(30s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  EXPECT_THAT(wait.read_to_end(), EndsWith("as it is now"));
  EXPECT_THAT(stream.read_to_end(), Not(EndsWith("0\r\n\r\n")));
}

TEST(Stop, DoesNotWaitForARequestThatHasNotCome) {
  RunningServer running([&](const ServerRequest&) -> Reply { return Response{}; });
  RawClient half(running.port);
  half.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nab");
  RawClient refused(running.port);
  refused.send("nonsense\r\n\r\n");
  EXPECT_THAT(refused.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  const auto start = std::chrono::steady_clock::now();
  running.server.stop(30s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 1s);
}

TEST(Stop, DoesNotWaitLongerThanTheDrain) {
  RunningServer running([&](const ServerRequest&) -> Reply { return Response{}; });
  RawClient half(running.port);
  half.send("GET / HTTP/1.1\r\n");
  RawClient other(running.port);
  other.send(kGet);
  other.read_until("\r\n\r\n");
  const auto start = std::chrono::steady_clock::now();
  running.server.stop(100ms);
  running.server.stop(100ms);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_EQ(half.read_to_end(), "");
}

TEST(Stop, WithoutAStartIsNothing) {
  HttpServer server([](const ServerRequest&) -> Reply { return Response{}; }, {}, Log::silent());
  server.listen_tcp("127.0.0.1", 0);
  server.stop(1s);
}

}  // namespace
}  // namespace slipway::net
