#include "net/http_probe.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::Imposter;

ProbeTarget target_of(const Imposter& imposter) { return {"127.0.0.1", Port(imposter.port())}; }

TEST(HttpProbe, ReadyIsA2xxOr3xx) {
  Imposter imposter;
  HttpProbe probe;
  for (const auto& [status, ready] : {std::pair{200, true}, {204, true}, {302, true}, {404, false}, {503, false}}) {
    imposter.on("GET /healthz", {.status = status, .body = status == 204 ? "" : "text"});
    const auto result = probe.ask(target_of(imposter), imposter.base_url() + "/healthz", 5s);
    EXPECT_EQ(result.ready, ready) << status;
    EXPECT_EQ(result.detail, std::to_string(status));
  }
  EXPECT_EQ(imposter.connections(), 5) << "each probe must prove that a new connection works";
}

TEST(HttpProbe, SendsTheUrlsNameAndPathToTheTargetAndLooksNoNameUp) {
  Imposter imposter;
  imposter.on("*", {.body = "ok"});
  const auto port = std::to_string(imposter.port());
  HttpProbe probe;
  for (const char* host :
       {"acme.127-0-0-1.sslip.io:", "acme.localhost:", "10-0-0-1.203-0-113-9.sslip.io:", "no-such-host.invalid:"}) {
    EXPECT_TRUE(probe.ask(target_of(imposter), "http://" + (host + port) + "/healthz?deep=1#part", 5s).ready) << host;
  }
  EXPECT_TRUE(probe.ask(target_of(imposter), "http://acme.example.org", 5s).ready) << "a port of the URL's own";
  const auto seen = imposter.requests();
  ASSERT_EQ(seen.size(), 5u);
  EXPECT_EQ(seen[0].target, "/healthz?deep=1");
  EXPECT_EQ(header(seen[0].headers, "Host"), "acme.127-0-0-1.sslip.io:" + port);
  EXPECT_EQ(header(seen[2].headers, "Host"), "10-0-0-1.203-0-113-9.sslip.io:" + port);
  EXPECT_EQ(seen[4].target, "/");
  EXPECT_EQ(header(seen[4].headers, "Host"), "acme.example.org");
}

TEST(HttpProbe, SaysWhatWentWrong) {
  Imposter imposter;
  imposter.on("GET /never", {.never = true});
  imposter.on("GET /reset", {.reset = true});
  imposter.on("GET /closed", {.raw = "HTTP/1.1 20"});
  imposter.on("GET /garbage", {.raw = "SSH-2.0-OpenSSH\r\n\r\n"});
  HttpProbe probe;
  const auto detail = [&](const std::string& path) {
    const auto result =
        probe.ask(target_of(imposter), imposter.base_url() + path, path == "/never" ? 100ms : Millis(5s));
    EXPECT_FALSE(result.ready);
    return result.detail;
  };
  EXPECT_EQ(detail("/never"), "no answer within 100 ms");
  EXPECT_EQ(detail("/reset"), "connection reset by peer");
  EXPECT_EQ(detail("/closed"), "closed without an answer");
  EXPECT_EQ(detail("/garbage"), "the answer is not HTTP");
  EXPECT_EQ(probe.ask({"127.0.0.1", Port(1)}, imposter.base_url() + "/", 5s).detail, "connection refused");
}

TEST(HttpProbe, InterimAnswersArePassedOver) {
  const std::string early = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n";
  const std::string last = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  Imposter imposter;
  HttpProbe probe;
  const auto ask = [&](const std::string& raw) {
    imposter.on("*", {.raw = raw});
    return probe.ask(target_of(imposter), imposter.base_url() + "/", 5s);
  };
  EXPECT_TRUE(ask(early + last).ready);
  EXPECT_TRUE(ask("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + early + early + last).ready);
  EXPECT_EQ(ask(early + "HTTP/1.1 503 Not Yet\r\n\r\n").detail, "503");
  EXPECT_EQ(ask(early + "SSH-2.0-OpenSSH\r\n\r\n").detail, "the answer is not HTTP");
  EXPECT_FALSE(ask(early).ready);
  EXPECT_EQ(ask("HTTP/1.1 101 Switching Protocols\r\n\r\n" + last).detail, "101");
  std::string endless;
  while (endless.size() < (1u << 20)) endless += early;
  const auto result = ask(endless + last);
  EXPECT_FALSE(result.ready);
  EXPECT_THAT(result.detail, testing::StartsWith("103 and no final answer"));
}

TEST(HttpProbe, LinesMayEndWithLfAloneAndComeInPieces) {
  Imposter imposter;
  HttpProbe probe;
  for (const char* raw : {"HTTP/1.1 200 OK\nServer: x\n\nok", "HTTP/1.0 204 No Content\r\n\n", "HTTP/1.0 200\n\n",
                          "HTTP/1.1 103 Early Hints\n\nHTTP/1.1 200 OK\nA: b\r\n\r\n"}) {
    imposter.on("*", {.raw = raw});
    EXPECT_TRUE(probe.ask(target_of(imposter), imposter.base_url() + "/", 5s).ready) << raw;
  }
  // The interim head, then the final one's status line, each in a piece of its own.
  imposter.on("*", {.raw = std::string(5'000, ' ').insert(0, "HTTP/1.1 103 Early Hints\nA:") +
                           "\n\nHTTP/1.1 200 OK\nA:" + std::string(5'000, ' ') + "\n\n"});
  EXPECT_TRUE(probe.ask(target_of(imposter), imposter.base_url() + "/", 5s).ready);
}

TEST(HttpProbe, AnEndlessBodyIsNoObstacle) {
  Imposter imposter;
  imposter.on("GET /", {.chunks = {"x"}, .endless = true});
  EXPECT_TRUE(HttpProbe().ask(target_of(imposter), imposter.base_url() + "/", 5s).ready);
}

TEST(HttpProbe, RefusesWhatIsNoUrl) {
  EXPECT_THROW(HttpProbe().ask({"127.0.0.1", Port(1)}, "unix:///x", 1s), Error);
  EXPECT_THROW(HttpProbe().ask({"127.0.0.1", Port(1)}, "nonsense", 1s), Error);
}

}  // namespace
}  // namespace slipway::net
