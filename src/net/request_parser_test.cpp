#include "net/request_parser.hpp"

#include <gtest/gtest.h>

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
