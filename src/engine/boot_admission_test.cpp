#include "engine/boot_admission.hpp"

#include <gmock/gmock.h>

#include "tests/fakes/manual_clock.hpp"

namespace slipway {
namespace {

constexpr std::uint64_t plan = 256;

struct Admission : testing::Test {
  BootAdmission boots(unsigned at_once) {
    return {at_once, {[this] { return idle; }, [this] { return free; }}, clock, [this](const TenantId& id) {
              woken.push_back(id);
            }};
  }

  const TenantId a{"t_a"}, b{"t_b"}, c{"t_c"}, d{"t_d"};
  test::ManualClock clock;
  double idle = 0;
  std::uint64_t free = 10'000;
  std::vector<TenantId> woken;
};

TEST_F(Admission, LetsSoManyInAtOnceAndTheOthersInTheOrderInWhichTheyCame) {
  auto line = boots(2);
  EXPECT_TRUE(line.enter(a, plan));
  EXPECT_TRUE(line.enter(b, plan));
  EXPECT_TRUE(line.enter(a, plan)) << "it boots already";
  EXPECT_FALSE(line.enter(c, plan));
  EXPECT_FALSE(line.enter(d, plan));
  line.leave(a);
  EXPECT_THAT(woken, testing::ElementsAre(c));
  EXPECT_FALSE(line.enter(d, plan)) << "another stands before it";
  EXPECT_TRUE(line.enter(c, plan));
  line.leave(b);
  EXPECT_TRUE(line.enter(d, plan));
}

TEST_F(Admission, WhoNoLongerWantsToBootHoldsNobodyUp) {
  auto line = boots(1);
  EXPECT_TRUE(line.enter(a, plan));
  EXPECT_FALSE(line.enter(b, plan));
  EXPECT_FALSE(line.enter(c, plan));
  line.leave(b);
  line.leave(a);
  EXPECT_TRUE(line.enter(c, plan));
}

TEST_F(Admission, AppsThatHangHoldNobodyUpWhereProcessorsIdle) {
  auto line = boots(1);
  EXPECT_TRUE(line.enter(a, plan));
  idle = 1.5;
  EXPECT_FALSE(line.enter(b, plan)) << "what the first one needs does not show yet";
  clock.advance(Millis(300));
  EXPECT_TRUE(line.enter(b, plan));
  EXPECT_FALSE(line.enter(c, plan)) << "one after the other";
  clock.advance(Millis(300));
  EXPECT_TRUE(line.enter(c, plan));
  idle = 0;
  clock.advance(Millis(300));
  EXPECT_FALSE(line.enter(d, plan));
  clock.advance(Millis(20'000));
  EXPECT_TRUE(line.enter(d, plan)) << "boots count for a while only";
}

TEST_F(Admission, AsksForTheMemoryOfThePlanAndAlwaysLetsOneIn) {
  auto line = boots(4);
  free = 100;
  EXPECT_TRUE(line.enter(a, plan));
  EXPECT_FALSE(line.enter(b, plan));
  free = 400;
  EXPECT_FALSE(line.enter(b, plan)) << "the first one's does not show yet";
  clock.advance(Millis(5'000));
  EXPECT_TRUE(line.enter(b, plan));
}

TEST_F(Admission, CountsWhatBootsAlready) {
  auto line = boots(1);
  line.note(a, clock.now());
  EXPECT_FALSE(line.enter(b, plan));
  EXPECT_TRUE(line.in_company(b));
  EXPECT_FALSE(line.in_company(a));
}

TEST_F(Admission, WithoutALimitEverybodyBoots) {
  auto line = boots(0);
  for (const TenantId& id : {a, b, c, d}) EXPECT_TRUE(line.enter(id, plan));
}

}  // namespace
}  // namespace slipway
