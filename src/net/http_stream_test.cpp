// The client's stream(): bodies that are handed out as they come.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error.hpp"
#include "net/http_client.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::Imposter;

ClientRequest ask(std::string target, Millis timeout = 10s) {
  ClientRequest request;
  request.target = std::move(target);
  request.timeout = timeout;
  return request;
}

TEST(HttpStream, HandsChunksOutAsTheyCome) {
  Imposter imposter;
  imposter.on("GET /logs", {.chunks = {"a", "b", "c"}, .endless = true});
  HttpClient client({.url = imposter.base_url()});
  std::string got;
  const auto response = client.stream(ask("/logs"),
                                      [&](std::string_view piece) {
                                        got += piece;
                                        return got.size() < 3;
                                      },
                                      {});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(got, "abc");
}

TEST(HttpStream, EndsWithTheBodyAndKeepsTheConnection) {
  Imposter imposter;
  imposter.on("GET /pull", {.chunks = {std::string(40'000, 'p'), "q"}});
  HttpClient client({.url = imposter.base_url()});
  for (int i = 0; i < 2; ++i) {
    std::size_t got = 0;
    client.stream(ask("/pull"), [&](std::string_view piece) { return (got += piece.size()) > 0; }, {});
    EXPECT_EQ(got, 40'001u);
  }
  EXPECT_EQ(imposter.connections(), 1);
}

TEST(HttpStream, AnotherThreadEndsASilentOne) {
  Imposter imposter;
  imposter.on("GET /events", {.chunks = {"first"}, .endless = true});
  HttpClient client({.url = imposter.base_url()});
  std::stop_source stop;
  std::atomic<bool> first{false};
  std::jthread ender([&] {
    first.wait(false);
    stop.request_stop();
  });
  const auto response = client.stream(
      ask("/events", 0ms),
      [&](std::string_view) {
        first = true;
        first.notify_all();
        return true;
      },
      stop.get_token());
  EXPECT_EQ(response.status, 200);
}

TEST(HttpStream, AndOneWhoseHeadNeverComes) {
  Imposter imposter;
  imposter.on("GET /events", {.never = true});
  HttpClient client({.url = imposter.base_url()});
  std::stop_source stop;
  std::jthread ender([&] {
    EXPECT_TRUE(imposter.wait_for_requests(1));
    stop.request_stop();
  });
  EXPECT_EQ(client
                .stream(
                    ask("/events", 0ms), [](std::string_view) { return true; }, stop.get_token())
                .status,
            0);
  EXPECT_EQ(client
                .stream(
                    ask("/events", 0ms), [](std::string_view) { return true; }, stop.get_token())
                .status,
            0);
}

TEST(HttpStream, BoundsEachSilence) {
  Imposter imposter;
  imposter.on("GET /slow", {.chunks = std::vector<std::string>(16, "x"), .chunk_pause = 100ms});
  imposter.on("GET /silent", {.chunks = {"1"}, .endless = true});
  HttpClient client({.url = imposter.base_url()});
  std::string got;
  const auto take = [&](std::string_view piece) {
    got += piece;
    return true;
  };
  client.stream(ask("/slow", 1500ms), take, {});  // longer than its time-out as a whole, never silent for so long
  EXPECT_EQ(got, std::string(16, 'x'));
  EXPECT_THROW(client.stream(ask("/silent", 200ms), take, {}), Error);
}

TEST(HttpStream, AnErrorsTextComesBackWhole) {
  Imposter imposter;
  imposter.on("GET /x", {.status = 409, .body = "already there"});
  imposter.on("GET /large", {.status = 500, .body = std::string(1 << 20, 'e')});
  HttpClient client({.url = imposter.base_url()});
  const auto never = [](std::string_view) {
    ADD_FAILURE() << "an error's text is no chunk";
    return true;
  };
  EXPECT_EQ(client.stream(ask("/x"), never, {}).body, "already there");
  EXPECT_EQ(client.stream(ask("/large"), never, {}).body.size(), 16u << 10);
}

}  // namespace
}  // namespace slipway::net
