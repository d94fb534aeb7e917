// Answers that are sent while they are being made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
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

using State = PieceSource::State;

// A source that a test writes: `make` is called for each pull.
struct Made : PieceSource {
  explicit Made(std::function<State(std::string&)> the_make) : make(std::move(the_make)) {}
  State pull(std::string& out) override { return make(out); }
  int descriptor() const override { return watched; }
  std::function<State(std::string&)> make;
  int watched = -1;
};

StreamingResponse stream(std::function<State(std::string&)> make) {
  return {.head = {},
          .open = [make = std::move(make)](const auto&, const auto&) { return std::make_unique<Made>(make); }};
}

// Says a word and then nothing more, as a silent app does; counts how many of them there are.
StreamingResponse silent(std::atomic<int>& open) {
  return {.head = {}, .open = [&open](const auto&, const auto&) {
            const std::shared_ptr<void> counted((++open, nullptr), [&open](void*) { --open; });
            return std::make_unique<Made>([counted, said = false](std::string& out) mutable {
              if (!std::exchange(said, true)) out += "x;";
              return State::waiting;
            });
          }};
}

std::size_t threads_of_this_process() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(tasks), end(tasks)));
}

TEST(Streaming, SendsPiecesAsTheyAreMadeAndKeepsTheConnection) {
  std::mutex mutex;
  std::function<void()> wake;
  std::atomic<bool> go_on{false};
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {.headers = {{"Content-Type", "text/plain"}}},
                             .open = [&](const auto&, auto the_wake) {
                               {
                                 std::lock_guard lock(mutex);
                                 wake = the_wake;
                               }
                               return std::make_unique<Made>([&, said = false](std::string& out) mutable {
                                 if (!std::exchange(said, true)) out += "first;";
                                 if (!go_on) return State::waiting;
                                 out += "second;";
                                 return State::ended;
                               });
                             }};
  });
  RawClient client(running.port);
  for (int i = 0; i < 2; ++i) {
    go_on = false;
    client.send(kGet);
    EXPECT_THAT(client.read_until("first;\r\n"), HasSubstr("Transfer-Encoding: chunked"));
    go_on = true;
    std::unique_lock lock(mutex);
    wake();
    lock.unlock();
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "7\r\nsecond;\r\n0\r\n\r\n");
  }
  EXPECT_EQ(HttpClient({.url = running.url()}).send({}).body, "first;second;");
}

TEST(Streaming, IsPulledAgainWhenItsDescriptorIsReadable) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {}, .open = [&](const auto&, const auto&) {
                               auto made = std::make_unique<Made>([&](std::string& out) {
                                 char bytes[16];
                                 const auto n = ::read(ends[0], bytes, sizeof bytes);
                                 if (n == 0) return State::ended;
                                 if (n < 0) return State::waiting;
                                 out.append(bytes, static_cast<std::size_t>(n));
                                 return State::more;
                               });
                               made->watched = ends[0];
                               return made;
                             }};
  });
  RawClient client(running.port);
  client.send(kGet);
  client.read_until("\r\n\r\n");
  for (const char* word : {"one;", "two;"}) {
    ASSERT_EQ(::write(ends[1], word, 4), 4);
    EXPECT_THAT(client.read_until(word), HasSubstr(word));
  }
  ::close(ends[1]);
  EXPECT_THAT(client.read_until("0\r\n\r\n"), HasSubstr("0\r\n"));
  ::close(ends[0]);
}

TEST(Streaming, ASlowReaderHoldsTheWriterBack) {
  constexpr std::size_t kTotal = 16u << 20;
  std::atomic<std::size_t> written{0};
  RunningServer running([&](const ServerRequest&) -> Reply {
    return stream([&](std::string& out) {
      if (written >= kTotal) return State::ended;
      out += std::string(64u << 10, 'x');
      written += 64u << 10;
      return State::more;
    });
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

TEST(Streaming, TheSourceGoesWhenTheClientIsGone) {
  std::atomic<int> open{0};
  RunningServer running([&](const ServerRequest&) -> Reply { return silent(open); });
  RawClient client(running.port);
  client.send(kGet);
  client.read_until("x;");
  EXPECT_EQ(open, 1);
  client.close();
  EXPECT_TRUE(eventually([&] { return open == 0; }));
}

TEST(Streaming, AClientThatSendsOnIsNoticedWhenItGoesToo) {
  std::atomic<int> open{0};
  RunningServer running([&](const ServerRequest&) -> Reply { return silent(open); });
  RawClient client(running.port);
  client.send(kGet);
  client.read_until("x;");
  client.send(std::string(1u << 20, 'x'));
  client.close();
  EXPECT_TRUE(eventually([&] { return open == 0; }));
}

TEST(Streaming, AnOpeningIsToldToStopWhenTheClientIsGone) {
  std::atomic<bool> opening{false};
  std::atomic<bool> stopped{false};
  RunningServer running([&](const ServerRequest&) -> Reply {
    return StreamingResponse{.head = {}, .open = [&](const std::stop_token& stop, const auto&) {
                               opening = true;
                               stopped = eventually([&] { return stop.stop_requested(); });
                               return std::make_unique<Made>([](std::string&) { return State::ended; });
                             }};
  });
  RawClient client(running.port);
  client.send(kGet);
  ASSERT_TRUE(eventually([&] { return opening.load(); }));
  client.close();
  EXPECT_TRUE(eventually([&] { return stopped.load(); }));
}

TEST(Streaming, ABodyThatFailsHalfwayDoesNotLookWhole) {
  RunningServer running([&](const ServerRequest&) -> Reply {
    return stream([said = false](std::string& out) mutable {
      if (std::exchange(said, true)) throw Error(ErrorKind::unavailable, "the rest is lost");
      out += "half";
      return State::more;
    });
  });
  HttpClient client({.url = running.url()});
  EXPECT_THROW(client.send({}), Error);
}

TEST(Streaming, AThousandAtOnceNeedNoThreadEach) {
  std::atomic<int> open{0};
  RunningServer running([&](const ServerRequest&) -> Reply { return silent(open); });
  const auto before = threads_of_this_process();
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 1'000; ++i) {
    clients.push_back(std::make_unique<RawClient>(running.port));
    clients.back()->send(kGet);
  }
  for (const auto& client : clients) EXPECT_THAT(client->read_until("x;"), StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(open, 1'000);
  EXPECT_LE(threads_of_this_process(), before + 2 * ServerLimits().followers);
  running.server.stop(30s);
  EXPECT_EQ(open, 0);
}

TEST(Streaming, IsBoundedInNumberAndTheUnixSocketHasPlacesOfItsOwn) {
  std::atomic<int> open{0};
  HttpServer server([&](const ServerRequest&) -> Reply { return silent(open); }, {.streams = 2}, Log::silent());
  const auto port = server.listen_tcp("127.0.0.1", 0);
  const std::string path = fmt::format("/tmp/slipway-streams-{}.sock", ::getpid());
  server.listen_unix(path);
  server.start();
  auto first = std::make_unique<RawClient>(port);
  RawClient second(port);
  first->send(kGet);
  second.send(kGet);
  first->read_until("x;");
  second.read_until("x;");
  EXPECT_EQ(HttpClient({.url = fmt::format("http://127.0.0.1:{}", port)}).send({}).status, 503);
  RawClient local(path);
  local.send(kGet);
  EXPECT_THAT(local.read_until("x;"), StartsWith("HTTP/1.1 200"));
  first.reset();
  EXPECT_TRUE(eventually([&] {
    RawClient third(port);
    third.send(kGet);
    return third.read_until("\r\n\r\n").starts_with("HTTP/1.1 200");
  }));
}

TEST(Streaming, HeadHasNoBody) {
  RunningServer running([&](const ServerRequest&) -> Reply {
    return stream([](std::string& out) { return out += "body", State::ended; });
  });
  RawClient client(running.port);
  client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("chunked"));
  EXPECT_THAT(client.read_until("0\r\n\r\n"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("body")));
}

}  // namespace
}  // namespace slipway::net
