#include "engine/watch.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace slipway {
namespace {

const TenantId ann("t1"), bob("t2");

TEST(Watch, TellsOnlyThoseWhoWatchThatTenantAndOnlyWhileTheyDo) {
  Watch watch;
  int told = 0;
  auto token = watch.on_change(ann, [&] { ++told; });
  watch.changed(bob);
  EXPECT_EQ(told, 0);
  watch.changed(ann);
  EXPECT_EQ(told, 1);
  EXPECT_EQ(watch.watchers(ann), 1u);
  token.reset();
  EXPECT_EQ(watch.watchers(ann), 0u);
  watch.changed(ann);
  EXPECT_EQ(told, 1);
}

TEST(Watch, OnceTheTokenIsGoneNoCallIsUnderWay) {
  Watch watch;
  for (int i = 0; i < 200; ++i) {
    std::latch begun(1);
    std::atomic<bool> over = false;
    auto token = watch.on_change(ann, [&] {
      begun.count_down();
      std::this_thread::yield();
      over = true;
    });
    std::jthread other([&] { watch.changed(ann); });
    begun.wait();
    token.reset();
    ASSERT_TRUE(over);
  }
}

}  // namespace
}  // namespace slipway
