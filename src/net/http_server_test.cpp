#include "net/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/error.hpp"
#include "net/http_client.hpp"
#include "tests/imposter/running_server.hpp"

namespace slipway::net {
namespace {

using namespace std::chrono_literals;
using test::answer_to;
using test::kGet;
using test::RawClient;
using test::RunningServer;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(HttpServer, AnswersAndKeepsTheConnection) {
  RunningServer running;
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
  RunningServer running([](const ServerRequest& request) -> Reply {
    if (request.path == "/0") std::this_thread::sleep_for(50ms);  // slow on purpose
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
  RunningServer running;
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
  RunningServer running;
  RawClient client(running.port);
  client.send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\nGET /g HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.read_until("\r\n\r\n");
  EXPECT_THAT(head, AllOf(HasSubstr("Content-Length: 4"), HasSubstr("X-Method: GET")));
  EXPECT_THAT(client.read_until("/g||"), StartsWith("HTTP/1.1 200"));
}

TEST(HttpServer, HoldsTheBodyBackUntilItIsAskedFor) {
  RunningServer running;
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
  RunningServer running;
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

TEST(HttpServer, AFailingHandlerGivesNoDetailsAway) {
  RunningServer running([](const ServerRequest& request) -> Reply {
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
    HttpServer server(RunningServer::echo, {}, Log::silent());
    server.listen_unix(path);
    server.start();
    struct stat file {};
    ASSERT_EQ(::stat(path.c_str(), &file), 0);
    EXPECT_EQ(file.st_mode & 0777, 0600u);
    HttpClient client({.url = "unix://" + path});
    EXPECT_EQ(header(client.send({}).headers, "X-Peer"), "unix");
    EXPECT_EQ(header(client.send({}).headers, "X-Peer-Uid"), std::to_string(geteuid()));

    HttpServer other(RunningServer::echo, {}, Log::silent());
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
    HttpServer server(RunningServer::echo, {}, Log::silent());
    server.listen_unix(path);
    server.start();
    EXPECT_EQ(HttpClient({.url = "unix://" + path}).send({}).status, 200);
  }
  std::filesystem::remove_all(directory);
}

TEST(HttpServer, SaysThatAnAddressIsTaken) {
  RunningServer running;
  HttpServer second(RunningServer::echo, {}, Log::silent());
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
  RunningServer running;
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
