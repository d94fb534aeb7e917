#include "net/request_parser.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cctype>

namespace slipway::net {
namespace {

constexpr std::string_view chunked =
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";

// However the network cuts a request, also byte by byte: what is left over is offered again with more.
std::string body_in_pieces(std::string_view text, std::size_t size) {
  RequestParser parser({});
  std::string waiting;
  auto state = RequestParser::State::incomplete;
  for (; !text.empty(); text.remove_prefix(std::min(size, text.size()))) {
    waiting += text.substr(0, size);
    std::size_t used = 0;
    state = parser.put(waiting, used);
    waiting.erase(0, used);
  }
  EXPECT_EQ(state, RequestParser::State::done);
  return parser.take().body;
}

TEST(RequestParser, ReadsChunksHoweverTheyAreCut) {
  for (std::size_t size = 1; size <= chunked.size(); ++size) EXPECT_EQ(body_in_pieces(chunked, size), "abc") << size;
}

TEST(RequestParser, ReadsAnEmptyChunkedBodyHoweverItIsCut) {
  const std::string empty = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t size = 1; size <= empty.size(); ++size) EXPECT_EQ(body_in_pieces(empty, size), "") << size;
}

// What the parser makes of a whole request: 200, or the status with which it refuses.
int status_of(const std::string& text, ServerRequest* taken = nullptr) {
  RequestParser parser({});
  std::string_view rest = text;
  auto state = RequestParser::State::incomplete;
  for (std::size_t used = 1; used > 0 && !rest.empty() && state == RequestParser::State::incomplete;) {
    state = parser.put(rest, used);
    rest.remove_prefix(used);
  }
  if (state == RequestParser::State::refused) return parser.status();
  if (state == RequestParser::State::incomplete) return 0;
  if (taken != nullptr) *taken = parser.take();
  return 200;
}

int status_with(const std::string& headers) { return status_of("GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"); }

TEST(RequestParser, RefusesASecondOfWhatIsReadOnce) {
  const std::vector<std::pair<std::string, std::string>> singles = {{"Host", "a"},
                                                                    {"Authorization", "Bearer x"},
                                                                    {"Idempotency-Key", "k"},
                                                                    {"Content-Length", "0"},
                                                                    {"Content-Type", "application/json"},
                                                                    {"Last-Event-ID", "1"},
                                                                    {"Expect", "100-continue"},
                                                                    {"Origin", "https://a"},
                                                                    {"Transfer-Encoding", "chunked"}};
  for (const auto& [name, value] : singles) {
    std::string shouted;
    for (const char c : name) shouted += static_cast<char>(std::toupper(c));
    for (const std::string& second : {value, value + "2", std::string()}) {
      for (const char* version : {"1.0", "1.1"}) {
        const std::string head = fmt::format("GET / HTTP/{}\r\n{}{}: {}\r\nAccept: x\r\n{}: {}\r\n\r\n", version,
                                             name == "Host" ? "" : "Host: a\r\n", name, value, shouted, second);
        EXPECT_EQ(status_of(head), 400) << head;
      }
    }
    // The other order: an empty one in front hides none.
    const std::string empty_first = name + ":\r\n" + (name == "Host" ? "" : name + ": " + value + "\r\n");
    const int status = status_with(empty_first);
    EXPECT_TRUE(status == 400 || status == 417 || status == 501) << empty_first << status;
  }
}

TEST(RequestParser, TakesListsInSeveralLines) {
  ServerRequest request;
  ASSERT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n"
                      "Forwarded: for=1.1.1.1\r\nForwarded: for=2.2.2.2\r\nCookie: a=1\r\nCookie: b=2\r\n"
                      "Accept: a/b\r\nAccept: c/d\r\nConnection: x\r\nConnection: y\r\n\r\n",
                      &request),
            200);
  EXPECT_EQ(request.headers.size(), 11u);
}

TEST(RequestParser, KnowsOneHost) {
  for (const char* host : {"", "a.example:80", "[::1]:8080"}) {
    EXPECT_EQ(status_of(std::string("GET / HTTP/1.1\r\nHost: ") + host + "\r\n\r\n"), 200) << host;
  }
  for (const char* none : {"a, b", "a b", "a/b", "u@a", "http://a", "a:b"}) {
    for (const char* version : {"1.0", "1.1"}) {
      EXPECT_EQ(status_of(fmt::format("GET / HTTP/{}\r\nHost: {}\r\n\r\n", version, none)), 400) << none;
    }
  }
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET http://a/ HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 200);  // which has no such header
}

TEST(RequestParser, RefusesWhatAnotherCouldReadOtherwise) {
  const std::vector<std::string> heads = {"X: a\r\n b\r\n",
                                          "X: a\r\n\tb\r\n",
                                          "X:\r\n b\r\n",
                                          "X: a\r\n \r\n",
                                          "X: a\r\n \r\nY: b\r\n",
                                          "X:\r\n \r\n b\r\n",
                                          "Transfer-Encoding:\r\n chunked\r\n",
                                          "Content-Length:\r\n 3\r\n",
                                          "Authorization:\r\n\tBearer x\r\n",
                                          "X : a\r\n",
                                          "X\t: a\r\n",
                                          " X: a\r\n",
                                          ": a\r\n",
                                          "X\r\n",
                                          "X: a\rb\r\n",
                                          "X: a\r\r\n",
                                          "X: a\nY: b\r\n",
                                          "X\n: a\r\n",
                                          std::string("X: a\0b\r\n", 8),
                                          std::string("X\0: a\r\n", 8),
                                          "X: \x1b\r\n",
                                          "X: \x7f\r\n",
                                          "Content-Length: 0, 0\r\n",
                                          "Content-Length: 0,0\r\n",
                                          "Content-Length: +0\r\n",
                                          "Content-Length: -0\r\n",
                                          "Content-Length: 0x0\r\n",
                                          "Content-Length: 0 0\r\n",
                                          "Content-Length:\r\n",
                                          "Content-Length: 0.\r\n",
                                          "Content-Length: 99999999999999999999999\r\n",
                                          "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
                                          "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"};
  for (const std::string& head : heads) EXPECT_EQ(status_with(head), 400) << head;
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"), 400);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n"), 400);
  for (const char* coding : {"gzip", "chunked, chunked", "gzip, chunked", "chunked;x", "\"chunked\"", "xchunked", ""}) {
    EXPECT_EQ(status_with(std::string("Transfer-Encoding: ") + coding + "\r\n"), 501) << coding;
  }
}

// Folded or not, cut by the network or not.
TEST(RequestParser, ATrailerIsNoHeader) {
  const std::string before = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n\r\n \r\n0\r\n";
  ServerRequest request;
  ASSERT_EQ(status_of(before + "Authorization: Bearer x\r\nIdempotency-Key: k\r\nHost: b\r\nX: a\r\n\r\n", &request),
            200);
  EXPECT_EQ(request.headers.size(), 2u);
  EXPECT_EQ(header(request.headers, "Host"), "a");
  EXPECT_EQ(request.body, "\r\n ");
  EXPECT_EQ(status_of(before + "X: a\r\n b\r\n\r\n"), 400);
  EXPECT_EQ(status_of(before + "X : a\r\n\r\n"), 400);
  const std::string whole = before + "X: a\r\nY: b\r\n\r\n";
  for (std::size_t size = 1; size <= whole.size(); ++size) EXPECT_EQ(body_in_pieces(whole, size), "\r\n ") << size;
}

// A proxy on the way may cut it differently: what is refused must not depend on it.
TEST(RequestParser, AHeadIsTooLargeHoweverItIsCut) {
  const auto state_of = [](std::size_t head, std::size_t size) {
    std::string text = "GET /a-path-that-is-some-bytes-long HTTP/1.1\r\nHost: a\r\nX: ";
    text += std::string(head - text.size() - 4, 'x') + "\r\n\r\n";
    RequestParser parser({.header_bytes = 200});
    std::string waiting;
    auto state = RequestParser::State::incomplete;
    for (std::string_view rest = text; !rest.empty() && state == RequestParser::State::incomplete;
         rest.remove_prefix(std::min(size, rest.size()))) {
      waiting += rest.substr(0, size);
      std::size_t used = 0;
      state = parser.put(waiting, used);
      waiting.erase(0, used);
    }
    EXPECT_TRUE(state != RequestParser::State::refused || parser.status() == 431);
    return state;
  };
  for (std::size_t size = 1; size <= 260; ++size) {
    EXPECT_EQ(state_of(199, size), RequestParser::State::done) << size;
    EXPECT_EQ(state_of(200, size), RequestParser::State::done) << size;
    EXPECT_EQ(state_of(201, size), RequestParser::State::refused) << size;
    EXPECT_EQ(state_of(240, size), RequestParser::State::refused) << size;
    EXPECT_EQ(state_of(900, size), RequestParser::State::refused) << size;
  }
}

}  // namespace
}  // namespace slipway::net
