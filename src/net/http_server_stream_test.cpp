// Answers that are sent while they are being made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/error.hpp"
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
using testing::HasSubstr;
using testing::StartsWith;

TEST(Streaming, SendsPiecesAsTheyAreMadeAndKeepsTheConnection) {
  std::mutex mutex;
  std::condition_variable changed;
  bool go_on = false;
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {.headers = {{"Content-Type", "text/plain"}}}, .produce = [&](BodyWriter& out) {
                               out.write("first;");
                               std::unique_lock lock(mutex);
                               changed.wait_for(lock, 10s, [&] { return go_on; });
                               out.write("second;");
                             }};
  });
  RawClient client(running.port);
  for (int i = 0; i < 2; ++i) {
    client.send(kGet);
    EXPECT_THAT(client.read_until("first;"), HasSubstr("Transfer-Encoding: chunked"));
    {
      std::lock_guard lock(mutex);
      go_on = true;
      changed.notify_all();
    }
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "\r\n7\r\nsecond;\r\n0\r\n\r\n");
  }
  EXPECT_EQ(HttpClient({.url = running.url()}).send({}).body, "first;second;");
}

TEST(Streaming, ASlowReaderHoldsTheWriterBack) {
  constexpr std::size_t kTotal = 16u << 20;
  std::atomic<std::size_t> written{0};
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {}, .produce = [&](BodyWriter& out) {
                               while (written < kTotal && out.write(std::string(64u << 10, 'x'))) written += 64u << 10;
                             }};
  });
  RawClient client(running.port, 8192);
  client.send("GET / HTTP/1.0\r\n\r\n");
  client.read_until("\r\n\r\n");
  // The writer stops by itself long before the end: it stands still over several looks at it.
  std::size_t before = 1;
  EXPECT_TRUE(eventually([&] {
    std::this_thread::sleep_for(50ms);  // between two looks, on purpose
    return std::exchange(before, written.load()) == written.load() && before > 0;
  }));
  EXPECT_LT(written, kTotal / 2);
  EXPECT_EQ(client.read_to_end().size(), kTotal);
}

TEST(Streaming, TheWriterLearnsThatTheClientIsGone) {
  std::atomic<bool> gone{false};
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {}, .produce = [&](BodyWriter& out) {
                               out.write("first;");
                               gone = eventually([&] { return !out.open(); }) && !out.write("more");
                             }};
  });
  RawClient client(running.port);
  client.send(kGet);
  client.read_until("first;");
  client.close();
  EXPECT_TRUE(eventually([&] { return gone.load(); }));
}

TEST(Streaming, ABodyThatFailsHalfwayDoesNotLookWhole) {
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {}, .produce = [&](BodyWriter& out) {
                               out.write("half");
                               throw Error(ErrorKind::unavailable, "the rest is lost");
                             }};
  });
  HttpClient client({.url = running.url()});
  EXPECT_THROW(client.send({}), Error);
}

TEST(Streaming, IsBoundedInNumber) {
  RunningServer running(
      [&](const ServerRequest&) -> Reply {
        return StreamingResponse{.head = {}, .produce = [&](BodyWriter& out) {
                                   out.write("x;");
                                   eventually([&] { return !out.open(); });
                                 }};
      },
      {.streams = 2});
  RawClient first(running.port);
  RawClient second(running.port);
  first.send(kGet);
  second.send(kGet);
  first.read_until("x;");
  second.read_until("x;");
  EXPECT_EQ(HttpClient({.url = running.url()}).send({}).status, 503);
  first.close();
  EXPECT_TRUE(eventually([&] {
    RawClient third(running.port);
    third.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    return third.read_until("x;").starts_with("HTTP/1.1 200");
  }));
}

TEST(Streaming, HeadHasNoBody) {
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {}, .produce = [&](BodyWriter& out) { out.write("body"); }};
  });
  RawClient client(running.port);
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("chunked"));
  EXPECT_THAT(client.read_until("0\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("body")));
}

}  // namespace
}  // namespace slipway::net
