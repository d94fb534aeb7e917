#include "net/http_date.hpp"

#include <gtest/gtest.h>

namespace slipway::net {
namespace {

std::optional<TimePoint> date(const std::string& text) { return date_of({.headers = {{"date", text}}}); }

TEST(HttpDate, IsReadToTheSecondOrNotAtAll) {
  EXPECT_EQ(date("Wed, 21 Oct 2015 07:28:01 GMT"), parse_rfc3339("2015-10-21T07:28:01Z"));
  for (const char* wrong :
       {"", "Wed", "Wed, 21 cto 2015 07:28:00 GMT", "Wed, 31 Feb 2015 07:28:00 GMT", "2015-10-21"}) {
    EXPECT_EQ(date(wrong), std::nullopt) << wrong;
  }
  EXPECT_EQ(date_of({}), std::nullopt);
}

}  // namespace
}  // namespace slipway::net
