#include "net/request_headers.hpp"

#include <gtest/gtest.h>

namespace slipway::net {
namespace {

TEST(RequestHeaders, SomeMayComeOnlyOnce) {
  EXPECT_EQ(single_header("authorization"), "Authorization");
  EXPECT_EQ(single_header("IDEMPOTENCY-KEY"), "Idempotency-Key");
  for (const char* list : {"Accept", "Cookie", "Forwarded", "X-Forwarded-For", "Via", "Hos", "Host2", ""}) {
    EXPECT_EQ(single_header(list), "") << list;
  }
}

TEST(RequestHeaders, AHostIsANameOrAnAddressAndPerhapsAPort) {
  for (const char* host : {"", "a", "API.example.", "a_b.example:8080", "127.0.0.1:1", "[::1]", "[2001:db8::1]:443",
                           "[::ffff:1.2.3.4]", "xn--bcher-kva.example", "a:", "a%2Db"}) {
    EXPECT_TRUE(is_host(host)) << host;
  }
  for (const char* none : {"a, b",    "a,b",   "a b",   "a\tb", "a/b",   "http://a", "u@a",       "a?x",   "a#x",
                           "a\\b",    "a:b",   "a:1:2", ":80",  "::1",   "[::1",     "[]",        "[]:80", "[::1]x",
                           "[::1]80", "[a]b]", "a:-1",  "a:+1", "\"a\"", "<a>",      "b\xc3\xbc", "a\x7f"}) {
    EXPECT_FALSE(is_host(none)) << none;
  }
}

}  // namespace
}  // namespace slipway::net
