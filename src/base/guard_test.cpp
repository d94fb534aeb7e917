#include "base/guard.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "base/error.hpp"

namespace slipway {
namespace {

TEST(Guarded, ReturnsTrueWhereNothingIsThrown) {
  int calls = 0;
  EXPECT_TRUE(guarded(Log::silent(), "count", [&] { ++calls; }));
  EXPECT_EQ(calls, 1);
}

TEST(Guarded, SurvivesWhateverAThreadThrows) {
  int survived = 0;
  std::thread([&] {
    survived += !guarded(Log::silent(), "error", [] { throw Error(ErrorKind::internal, "ours"); });
    survived += !guarded(Log::silent(), "standard", [] { throw std::out_of_range("not ours"); });
    survived += !guarded(Log::silent(), "number", [] { throw 7; });
  }).join();
  EXPECT_EQ(survived, 3);
}

TEST(Guarded, SaysWhatWasThrown) {
  EXPECT_EQ(words_of(std::make_exception_ptr(std::out_of_range("stoi"))), "stoi");
  EXPECT_EQ(words_of(std::make_exception_ptr(7)), "something that is not an exception");
}

}  // namespace
}  // namespace slipway
