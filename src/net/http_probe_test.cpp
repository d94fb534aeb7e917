#include "net/http_probe.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::Imposter;

TEST(HttpProbe, ReadyIsA2xxOr3xx) {
  Imposter imposter;
  HttpProbe probe("");
  for (const auto& [status, ready] : {std::pair{200, true}, {204, true}, {302, true}, {404, false}, {503, false}}) {
    imposter.on("GET /healthz", {.status = status, .body = status == 204 ? "" : "text"});
    const auto result = probe.ask(imposter.base_url() + "/healthz", 5s);
    EXPECT_EQ(result.ready, ready) << status;
    EXPECT_EQ(result.detail, std::to_string(status));
  }
  EXPECT_EQ(imposter.connections(), 5) << "each probe must prove that a new connection works";
}

TEST(HttpProbe, AsksThroughTheUrlsNameAndPath) {
  Imposter imposter;
  imposter.on("*", {.body = "ok"});
  const auto port = std::to_string(imposter.port());
  HttpProbe direct("");
  EXPECT_TRUE(direct.ask("http://acme.127-0-0-1.sslip.io:" + port + "/healthz?deep=1#part", 5s).ready);
  EXPECT_TRUE(direct.ask("http://acme.localhost:" + port, 5s).ready);
  HttpProbe elsewhere("127.0.0.1");
  EXPECT_TRUE(elsewhere.ask("http://acme.example.org:" + port + "/", 5s).ready);
  const auto seen = imposter.requests();
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].target, "/healthz?deep=1");
  EXPECT_EQ(header(seen[0].headers, "Host"), "acme.127-0-0-1.sslip.io:" + port);
  EXPECT_EQ(seen[1].target, "/");
  EXPECT_EQ(header(seen[2].headers, "Host"), "acme.example.org:" + port);
}

TEST(HttpProbe, SaysWhatWentWrong) {
  Imposter imposter;
  imposter.on("GET /never", {.never = true});
  imposter.on("GET /reset", {.reset = true});
  imposter.on("GET /closed", {.raw = "HTTP/1.1 20"});
  imposter.on("GET /garbage", {.raw = "SSH-2.0-OpenSSH\r\n\r\n"});
  HttpProbe probe("");
  const auto detail = [&](const std::string& path) {
    const auto result = probe.ask(imposter.base_url() + path, path == "/never" ? 100ms : Millis(5s));
    EXPECT_FALSE(result.ready);
    return result.detail;
  };
  EXPECT_EQ(detail("/never"), "no answer within 100 ms");
  EXPECT_EQ(detail("/reset"), "connection reset by peer");
  EXPECT_EQ(detail("/closed"), "closed without an answer");
  EXPECT_EQ(detail("/garbage"), "the answer is not HTTP");
  EXPECT_EQ(probe.ask("http://127.0.0.1:1/", 5s).detail, "connection refused");
  EXPECT_FALSE(probe.ask("http://no-such-host.invalid/", 20s).ready);
}

TEST(HttpProbe, AnEndlessBodyIsNoObstacle) {
  Imposter imposter;
  imposter.on("GET /", {.chunks = {"x"}, .endless = true});
  EXPECT_TRUE(HttpProbe("").ask(imposter.base_url() + "/", 5s).ready);
}

TEST(HttpProbe, RefusesWhatIsNoUrl) {
  EXPECT_THROW(HttpProbe("").ask("unix:///x", 1s), Error);
  EXPECT_THROW(HttpProbe("").ask("nonsense", 1s), Error);
}

}  // namespace
}  // namespace slipway::net
