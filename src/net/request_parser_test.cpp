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

}  // namespace
}  // namespace slipway::net
