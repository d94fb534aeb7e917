#include "engine/due_queue.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "tests/fakes/manual_clock.hpp"

namespace slipway {
namespace {

struct Queue : testing::Test {
  std::optional<TenantId> next() {
    const auto turn = queue.try_pop();
    return turn ? std::optional(turn->id) : std::nullopt;
  }

  const TenantId a{"t_a"}, b{"t_b"}, c{"t_c"}, d{"t_d"};
  test::ManualClock clock;
  DueQueue queue{clock};
};

TEST_F(Queue, NeverHandsATenantToTwoWorkersAndForgetsNoWake) {
  std::stop_source stop;
  queue.wake(a);
  EXPECT_EQ(queue.pop(Lane::quick, stop.get_token()), a);
  queue.wake(a);  // while it is being worked on
  std::thread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(queue.pop(Lane::quick, stop.get_token()), std::nullopt);
  stopper.join();
  queue.done(a);
  EXPECT_EQ(queue.pop(Lane::quick, std::stop_token()), a);
}

TEST_F(Queue, OrdersByTimeAndTheEarlierOfTwoTimesCounts) {
  queue.wake_at(a, clock.now() + Millis(50));
  queue.wake_at(b, clock.now() + Millis(20));
  queue.wake_at(a, clock.now() + Millis(10));
  queue.wake_at(a, clock.now() + Millis(90));
  clock.advance(Millis(30));
  EXPECT_EQ(next(), a);
  EXPECT_EQ(next(), b);
  EXPECT_EQ(queue.size(), 2u);
}

// Ids ascend with the time of the sign-up, so an order by id would always serve the oldest customer first.
TEST_F(Queue, ServesWhoeverCameFirst) {
  queue.wake_at(b, clock.now() + Millis(10));
  queue.wake(d);
  queue.wake(c);
  EXPECT_EQ(next(), d);
  clock.advance(Millis(20));
  EXPECT_EQ(next(), c) << "it was woken before the other's time came";
  queue.wake(a);
  EXPECT_EQ(next(), b) << "its time came before the other was woken, though only now it is looked at";
  EXPECT_EQ(next(), a);
  EXPECT_EQ(next(), std::nullopt);
}

TEST_F(Queue, ALaneHasALineOfItsOwn) {
  queue.wake(a);
  queue.wake(b);
  ASSERT_EQ(queue.pop(Lane::quick, {}), a);
  queue.hand_over(a, Lane::bulk);
  ASSERT_EQ(queue.pop(Lane::quick, {}), b);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(queue.pop(Lane::quick, stop.get_token()), std::nullopt);
  EXPECT_EQ(queue.pop(Lane::bulk, {}), a);
}

TEST_F(Queue, WhoIsWokenIsLookedAtAnewWhateverItWaitedFor) {
  queue.wake(a);
  queue.pop(Lane::quick, {});
  queue.hand_over(a, Lane::bulk);
  queue.wake(a);
  queue.wake(a);
  EXPECT_EQ(queue.pop(Lane::quick, {}), a);
  EXPECT_EQ(queue.size(), 1u);
  queue.wake(a);  // while a worker is just finding out that it is another lane's
  queue.hand_over(a, Lane::bulk);
  EXPECT_EQ(queue.pop(Lane::quick, {}), a);
}

}  // namespace
}  // namespace slipway
