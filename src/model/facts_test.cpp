#include "model/facts.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(Facts, BeginAnewButForTheCounters) {
  Facts done;
  done.port = Port(20'000);
  done.host = "203.0.113.9";
  done.database_made = done.started = done.proven = done.instance_removed = done.database_dropped = true;
  done.instance_id = "c";
  done.boots = 3;
  done.restart_done = 2;
  done.boot_at = TimePoint(Millis(1));
  done.failure = "no such image";
  done.begin_anew();
  Facts fresh;
  EXPECT_NE(done, fresh);
  fresh.boots = 3;  // a start that is on its way still has another name than the next one
  fresh.restart_done = 2;
  EXPECT_EQ(done, fresh);
}

}  // namespace
}  // namespace slipway
