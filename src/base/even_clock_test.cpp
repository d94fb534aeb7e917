#include "base/even_clock.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

struct EvenClockTest : testing::Test {
  TimePoint wall{hours(24 * 365 * 50)};
  std::chrono::nanoseconds since_boot{seconds(1)};
  EvenClock clock{[this] { return wall; }, [this] { return since_boot; }};

  void pass(Millis time) {
    wall += time;
    since_boot += time;
  }
};

TEST_F(EvenClockTest, IsTheSystemsWhereNobodySetsIt) {
  for (int i = 0; i < 1'000; ++i) {
    pass(Millis(i));
    EXPECT_EQ(clock.now(), wall);
  }
}

TEST_F(EvenClockTest, SetForwardItAgreesAtOnce) {
  wall += hours(5);
  EXPECT_EQ(clock.now(), wall);
  pass(seconds(10));
  EXPECT_EQ(clock.now(), wall);
}

TEST_F(EvenClockTest, AfterASleepOfTheMachineItIsRightAtOnce) {
  pass(hours(8));
  EXPECT_EQ(clock.now(), wall);
}

TEST_F(EvenClockTest, ASleepCountsAsTimeThatPassedWhileItWasSetBack) {
  const TimePoint before = clock.now();
  wall -= hours(5);
  pass(hours(8));
  EXPECT_EQ(clock.now(), before + hours(4));
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
