#include "net/http_client.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::Imposter;
using test::ImposterRequest;
using test::ImposterResponse;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

ClientRequest get(std::string target, Millis timeout = 10s) {
  ClientRequest request;
  request.target = std::move(target);
  request.timeout = timeout;
  return request;
}

Error failure_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error came";
  return Error(ErrorKind::internal, "none");
}

TEST(HttpClient, SendsAndReceives) {
  Imposter imposter;
  imposter.on("POST /emails", [](const ImposterRequest& request) {
    return ImposterResponse{.status = 201, .headers = {{"X-Seen", "yes"}}, .body = "got " + request.body};
  });
  HttpClient client({.url = imposter.base_url()});
  const auto response =
      client.send({.method = "POST", .target = "/emails?a=b", .headers = {{"X-One", "1"}}, .body = "hello"});
  EXPECT_EQ(response.status, 201);
  EXPECT_EQ(response.body, "got hello");
  EXPECT_EQ(header(response.headers, "x-seen"), "yes");
  const auto seen = imposter.requests();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].target, "/emails?a=b");
  EXPECT_EQ(header(seen[0].headers, "host"), "127.0.0.1:" + std::to_string(imposter.port()));
  EXPECT_EQ(header(seen[0].headers, "X-One"), "1");
}

TEST(HttpClient, ReadsChunkedEmptyAndHeadAnswers) {
  Imposter imposter;
  imposter.on("GET /chunked", {.chunks = {"one ", "two ", "three"}});
  imposter.on("GET /none", {.status = 204});
  imposter.on("HEAD /big", {.body = std::string(1000, 'x')});
  HttpClient client({.url = imposter.base_url()});
  EXPECT_EQ(client.send(get("/chunked")).body, "one two three");
  EXPECT_EQ(client.send(get("/none")).status, 204);
  auto head = get("/big");
  head.method = "HEAD";
  EXPECT_EQ(header(client.send(head).headers, "Content-Length"), "1000");
  EXPECT_EQ(imposter.connections(), 1);
}

TEST(HttpClient, ReadsABodyThatTheConnectionsEndEnds) {
  Imposter imposter;
  imposter.on("GET /", {.raw = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nuntil the end"});
  HttpClient client({.url = imposter.base_url()});
  EXPECT_EQ(client.send(get("/")).body, "until the end");
}

TEST(HttpClient, KeepsConnections) {
  Imposter imposter;
  imposter.on("GET /", {.body = "ok"});
  HttpClient client({.url = imposter.base_url()});
  for (int i = 0; i < 5; ++i) client.send(get("/"));
  EXPECT_EQ(imposter.connections(), 1);
}

TEST(HttpClient, NotAfterTheServerSaidClose) {
  Imposter imposter;
  imposter.on("GET /", {.headers = {{"Connection", "close"}}, .body = "ok"});
  HttpClient client({.url = imposter.base_url()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send(get("/")).body, "ok");
  EXPECT_EQ(imposter.connections(), 3);
}

TEST(HttpClient, SendsOnceMoreWhenAKeptConnectionDiesWithoutAnAnswer) {
  Imposter imposter;
  // The reset comes only once the request is there, so that the client cannot see it beforehand.
  imposter.on("GET /first", {.body = "ok"});
  imposter.on("GET /again", [](const ImposterRequest& request) {
    if (request.connection == 0) return ImposterResponse{.reset = true};
    return ImposterResponse{.body = "second connection"};
  });
  HttpClient client({.url = imposter.base_url()});
  client.send(get("/first"));
  EXPECT_EQ(client.send(get("/again")).body, "second connection");
  EXPECT_EQ(imposter.requests("GET /again").size(), 2u);
}

TEST(HttpClient, ButNotWhenPartOfTheAnswerCameNorOnANewConnection) {
  Imposter imposter;
  imposter.on("GET /first", {.body = "ok"});
  imposter.on("GET /part", {.raw = "HTTP/1.1 200"});
  imposter.on("GET /reset", {.reset = true});
  HttpClient client({.url = imposter.base_url()});
  client.send(get("/first"));
  EXPECT_EQ(failure_of([&] { client.send(get("/part")); }).kind(), ErrorKind::unavailable);
  EXPECT_EQ(imposter.requests("GET /part").size(), 1u);
  EXPECT_EQ(failure_of([&] { client.send(get("/reset")); }).kind(), ErrorKind::unavailable);
  EXPECT_EQ(imposter.requests("GET /reset").size(), 1u);
}

TEST(HttpClient, NoticesAConnectionThatWasClosedWhileKept) {
  Imposter imposter;
  imposter.on("POST /", {.body = "ok", .close_after = true});
  HttpClient client({.url = imposter.base_url()});
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.send({.method = "POST"}).body, "ok");
  EXPECT_EQ(imposter.requests().size(), 3u);
}

TEST(HttpClient, DeadlineWhenNoAnswerComes) {
  Imposter imposter;
  imposter.on("GET /never", {.never = true});
  imposter.on("GET /half", {.chunks = {"half"}, .endless = true});
  HttpClient client({.url = imposter.base_url()});
  for (const auto* path : {"/never", "/half"}) {
    const auto start = std::chrono::steady_clock::now();
    const auto error = failure_of([&] { client.send(get(std::string(path) + "?token=hidden", 200ms)); });
    EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.message(), AllOf(HasSubstr("GET http://127.0.0.1:"), HasSubstr("no answer within 200 ms"),
                                       Not(HasSubstr("hidden"))));
  }
}

TEST(HttpClient, DeadlineWhileConnecting) {
  // A listener whose queue is full swallows every further connection.
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listener, 0), 0);
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
    ::connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  HttpClient client({.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port))});
  const auto error = failure_of([&] { client.send(get("/", 200ms)); });
  EXPECT_THAT(error.message(), AllOf(HasSubstr("connect to http://127.0.0.1"), HasSubstr("no answer within 200 ms")));
  for (const int fd : fillers) ::close(fd);
  ::close(listener);
}

TEST(HttpClient, TornAnswersAndGarbageAreErrors) {
  Imposter imposter;
  imposter.on("GET /torn", {.body = "0123456789", .truncate_after = 4});
  imposter.on("GET /garbage", {.raw = "\x16\x03 this is not HTTP\r\n\r\n"});
  imposter.on("GET /reset", {.reset = true});
  HttpClient client({.url = imposter.base_url()});
  const auto torn = failure_of([&] { client.send(get("/torn")); });
  EXPECT_EQ(torn.kind(), ErrorKind::unavailable);
  EXPECT_THAT(torn.message(), HasSubstr("closed before the answer was complete"));
  const auto garbage = failure_of([&] { client.send(get("/garbage")); });
  EXPECT_EQ(garbage.kind(), ErrorKind::internal);
  EXPECT_THAT(garbage.message(), HasSubstr("not HTTP"));
  EXPECT_THAT(failure_of([&] { client.send(get("/reset")); }).message(), HasSubstr("reset by peer"));
}

TEST(HttpClient, BoundsTheBody) {
  Imposter imposter;
  imposter.on("GET /plain", {.body = std::string(2000, 'x')});
  imposter.on("GET /chunked", {.chunks = {std::string(600, 'x'), std::string(600, 'x')}});
  imposter.on("GET /fits", {.body = std::string(1000, 'x')});
  HttpClient client({.url = imposter.base_url()}, 1000);
  EXPECT_EQ(failure_of([&] { client.send(get("/plain")); }).kind(), ErrorKind::limited);
  EXPECT_EQ(failure_of([&] { client.send(get("/chunked")); }).kind(), ErrorKind::limited);
  EXPECT_EQ(client.send(get("/fits")).body.size(), 1000u);
}

TEST(HttpClient, SendsAndReceivesLargeBodies) {
  Imposter imposter;
  imposter.on("POST /echo", [](const ImposterRequest& request) { return ImposterResponse{.body = request.body}; });
  HttpClient client({.url = imposter.base_url()});
  std::string large(4 << 20, 'a');
  for (std::size_t i = 0; i < large.size(); i += 997) large[i] = static_cast<char>('b' + i % 20);
  EXPECT_TRUE(client.send({.method = "POST", .target = "/echo", .body = large}).body == large);
}

TEST(HttpClient, SaysWhereItCouldNotConnect) {
  HttpClient docker({.url = "unix:///nowhere/docker.sock"});
  const auto error = failure_of([&] { docker.send(get("/version")); });
  EXPECT_EQ(error.kind(), ErrorKind::unavailable);
  EXPECT_EQ(error.message(), "connect to unix:///nowhere/docker.sock: No such file or directory");

  HttpClient refused({.url = "http://user:hunter2@127.0.0.1:1"});
  EXPECT_EQ(failure_of([&] { refused.send(get("/")); }).message(), "connect to http://127.0.0.1:1: Connection refused");
}

TEST(HttpClient, SpeaksOverAUnixSocket) {
  char directory[] = "/tmp/slipway-net-XXXXXX";
  ASSERT_NE(::mkdtemp(directory), nullptr);
  const auto path = std::string(directory) + "/s.sock";
  {
    Imposter imposter(path);
    imposter.on("GET /version", {.body = "1.41"});
    HttpClient client({.url = "unix://" + path});
    EXPECT_EQ(client.send(get("/version")).body, "1.41");
    EXPECT_EQ(header(imposter.requests()[0].headers, "Host"), "localhost");
  }
  std::filesystem::remove_all(directory);
}

TEST(HttpClient, FindsLocalNamesWithoutDns) {
  Imposter imposter;
  imposter.on("GET /", {.body = "ok"});
  for (const std::string host : {"acme.localhost", "localhost", "acme.127-0-0-1.sslip.io", "Acme.127.0.0.1.SSLIP.io"}) {
    HttpClient client({.url = "http://" + host + ":" + std::to_string(imposter.port())});
    EXPECT_EQ(client.send(get("/")).body, "ok") << host;
  }
  EXPECT_EQ(header(imposter.requests()[0].headers, "Host"), "acme.localhost:" + std::to_string(imposter.port()));
}

TEST(HttpClient, ConnectsToAnotherAddressThanTheUrls) {
  Imposter imposter;
  imposter.on("GET /", {.body = "ok"});
  const auto port = std::to_string(imposter.port());
  HttpClient client({.url = "http://shop.example:" + port, .address = "127.0.0.1"});
  EXPECT_EQ(client.send(get("/")).body, "ok");
  EXPECT_EQ(header(imposter.requests()[0].headers, "Host"), "shop.example:" + port);
}

TEST(HttpClient, UsesTheUrlsPathAndCredentials) {
  Imposter imposter;
  imposter.on("GET /base/x", {.body = "ok"});
  HttpClient client({.url = "http://ann:s%20t@127.0.0.1:" + std::to_string(imposter.port()) + "/base/"});
  EXPECT_EQ(client.send(get("/x")).body, "ok");
  EXPECT_EQ(header(imposter.requests()[0].headers, "Authorization"), "Basic YW5uOnMgdA==");
}

TEST(HttpClient, RefusesWhatWouldSmuggle) {
  Imposter imposter;
  HttpClient client({.url = imposter.base_url()});
  EXPECT_EQ(failure_of([&] { client.send({.headers = {{"X", "a\r\nY: b"}}}); }).kind(), ErrorKind::invalid);
  EXPECT_EQ(failure_of([&] { client.send(get("/a b")); }).kind(), ErrorKind::invalid);
  EXPECT_EQ(failure_of([&] { client.send({.method = "GET /\r\n"}); }).kind(), ErrorKind::invalid);
  EXPECT_EQ(imposter.connections(), 0);
}

TEST(HttpClient, ServesManyThreads) {
  Imposter imposter;
  imposter.on("*", [](const ImposterRequest& request) { return ImposterResponse{.body = request.target}; });
  HttpClient client({.url = imposter.base_url()});
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&client, t] {
      for (int i = 0; i < 50; ++i) {
        const auto target = "/" + std::to_string(t) + "/" + std::to_string(i);
        EXPECT_EQ(client.send(get(target)).body, target);
      }
    });
  }
}

}  // namespace
}  // namespace slipway::net
