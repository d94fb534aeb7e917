#include "app/foundation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/error.hpp"
#include "tests/fakes/fake_runtime.hpp"

namespace slipway {
namespace {

using test::RuntimeCall;
using testing::HasSubstr;

constexpr auto deadline = std::chrono::seconds(30);

template <class F>
std::string unavailable(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    return error.message();
  }
  return {};
}

template <class Condition>
bool comes(Condition&& condition) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST(FoundationTest, StartsWithoutTheEngineAndHasItsNetworkOnceThatAnswers) {
  test::FakeRuntime runtime;
  runtime.fail_next(RuntimeCall::prepare, Error(ErrorKind::unavailable, "no dockerd"), 1'000'000);
  std::atomic<int> server_starts = 0;
  Foundation foundation(
      runtime, [&](const HostNetwork&) { ++server_starts; }, Log::silent());
  foundation.start();

  EXPECT_EQ(foundation.host_address(), "");
  EXPECT_THAT(unavailable([&] { foundation.require_network(); }), HasSubstr("no dockerd"));
  EXPECT_THAT(unavailable([&] { foundation.require_server(); }), HasSubstr("waits for the network"));
  EXPECT_EQ(server_starts, 0) << "a server that listens where no instance reaches it";

  runtime.clear_faults();
  EXPECT_TRUE(comes([&] { return server_starts > 0; }));
  EXPECT_EQ(foundation.host_address(), runtime.prepare().host_address);
  EXPECT_EQ(unavailable([&] { foundation.require_network(); }), "");
}

TEST(FoundationTest, StartsWithoutThePrivateServerWhateverKeepsItAndTriesAgain) {
  test::FakeRuntime runtime;
  std::atomic<bool> broken = true;
  Foundation foundation(
      runtime,
      [&](const HostNetwork&) {
        if (broken) throw std::runtime_error("filesystem error");
      },
      Log::silent());
  foundation.start();
  EXPECT_EQ(unavailable([&] { foundation.require_network(); }), "");
  EXPECT_THAT(unavailable([&] { foundation.require_server(); }), HasSubstr("filesystem error"));

  broken = false;
  EXPECT_TRUE(comes([&] { return unavailable([&] { foundation.require_server(); }).empty(); }));
}

TEST(FoundationTest, KeepsTheServerWhileTheEngineIsAway) {
  test::FakeRuntime runtime;
  std::atomic<int> server_starts = 0;
  Foundation foundation(
      runtime, [&](const HostNetwork&) { throw std::runtime_error(std::to_string(++server_starts)); }, Log::silent());
  foundation.start();
  runtime.fail_next(RuntimeCall::prepare, Error(ErrorKind::unavailable, "no dockerd"), 1'000'000);
  EXPECT_TRUE(comes([&] { return !unavailable([&] { foundation.require_network(); }).empty(); }));
  const int before = server_starts;
  EXPECT_TRUE(comes([&] { return server_starts > before; }));
  EXPECT_NE(foundation.host_address(), "");
}

TEST(FoundationTest, NeedsNoPrivateServerWhereTheFounderHasOne) {
  test::FakeRuntime runtime;
  Foundation foundation(runtime, nullptr, Log::silent());
  foundation.start();
  EXPECT_EQ(unavailable([&] { foundation.require_network(); }), "");
  EXPECT_EQ(unavailable([&] { foundation.require_server(); }), "");
}

}  // namespace
}  // namespace slipway
