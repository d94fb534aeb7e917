#include "os/limits.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "os/child.hpp"

namespace slipway::os {
namespace {

rlimit open_files() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit;
}

TEST(OsLimits, OursIsRaisedAndOtherProgramsHaveWhatItWas) {
  const rlimit before = open_files();
  const rlimit low{256, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  raise_open_files();
  EXPECT_EQ(open_files().rlim_cur, before.rlim_max);
  EXPECT_EQ(open_files().rlim_max, before.rlim_max);
  raise_open_files();  // again: it is remembered what it was at first
  const Ended ended = run({.words = {"sh", "-c", "ulimit -Sn; ulimit -Hn"}}, Millis(20'000));
  const std::string hard = before.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(before.rlim_max);
  EXPECT_EQ(ended.output, "256\n" + hard + "\n");
  setrlimit(RLIMIT_NOFILE, &before);
}

}  // namespace
}  // namespace slipway::os
