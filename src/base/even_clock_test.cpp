#include "base/even_clock.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

struct EvenClockTest : testing::Test {
  TimePoint wall{hours(24 * 365 * 50)};
  EvenClock::Steady::time_point steady{seconds(1)};
  EvenClock clock{[this] { return wall; }, [this] { return steady; }};

  void pass(Millis time) {
    wall += time;
    steady += time;
  }
};

TEST_F(EvenClockTest, IsTheSystemsWhereNobodySetsIt) {
  for (int i = 0; i < 1'000; ++i) {
    pass(Millis(i));
    EXPECT_EQ(clock.now(), wall);
  }
}

TEST_F(EvenClockTest, SetForwardItHurriesAndThenAgrees) {
  const TimePoint before = clock.now();
  wall += hours(5);
  pass(seconds(10));
  EXPECT_EQ(clock.now(), before + seconds(15));
  pass(hours(20));
  EXPECT_EQ(clock.now(), wall);
}

TEST_F(EvenClockTest, SetBackItNeverGoesBackAndThenAgrees) {
  const TimePoint before = clock.now();
  wall -= hours(5);
  EXPECT_EQ(clock.now(), before);
  pass(seconds(10));
  EXPECT_EQ(clock.now(), before + seconds(5));
  pass(hours(20));
  EXPECT_EQ(clock.now(), wall);
}

}  // namespace
}  // namespace slipway
