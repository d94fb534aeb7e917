#include "api/rate_limit.hpp"

#include <gtest/gtest.h>

#include "tests/fakes/manual_clock.hpp"

namespace slipway::api {
namespace {

TEST(RateLimitBuckets, FillEvenly) {
  test::ManualClock clock;
  RateLimit limit(clock);
  EXPECT_FALSE(limit.take("a", 2));
  EXPECT_FALSE(limit.take("a", 2));
  EXPECT_EQ(limit.take("a", 2), Millis(30'001));
  EXPECT_FALSE(limit.take("b", 2));
  clock.advance(Millis(30'001));
  EXPECT_FALSE(limit.take("a", 2));
  EXPECT_TRUE(limit.take("a", 2));
  limit.give_back("a", 2);
  EXPECT_FALSE(limit.take("a", 2));
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(limit.take("unlimited", 0));
}

TEST(RateLimitBuckets, ACrowdOfNewNamesFreesNobody) {
  test::ManualClock clock;
  RateLimit limit(clock);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(limit.take("flooder", 3));
  for (int i = 0; i < 50'000; ++i) EXPECT_FALSE(limit.take("passer-by " + std::to_string(i), 3));
  EXPECT_TRUE(limit.take("flooder", 3));
}

}  // namespace
}  // namespace slipway::api
