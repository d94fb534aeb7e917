#include "tests/sim/simulation.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "tests/fakes/memory_store.hpp"
#include "tests/sim/fiber.hpp"
#include "tests/sim/seeded_bugs.hpp"

namespace slipway::sim {
namespace {

constexpr std::uint64_t few_seeds = 100;  // also under the sanitizers; ./check runs 2,000, ./check --all 10,000

std::string all(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

TEST(Simulation, KeepsEveryPromise) {
  Verdict sum;
  for (std::uint64_t seed = 1; seed <= few_seeds; ++seed) {
    Options options;
    options.seed = seed;
    const Verdict verdict = simulate(options);
    EXPECT_TRUE(verdict.violations.empty()) << "slipway_simulation --trace --seed " << seed << "\n"
                                            << all(verdict.violations);
    sum.deaths += verdict.deaths;
    sum.late_effects += verdict.late_effects;
    sum.active += verdict.active;
    sum.failed += verdict.failed;
  }
  // Promises that nothing threatened would prove nothing.
  EXPECT_GT(sum.deaths, few_seeds);
  EXPECT_GT(sum.late_effects, 0u);
  EXPECT_GT(sum.active, few_seeds / 2);
  EXPECT_GT(sum.failed, 0u);
}

TEST(Simulation, OfTheSameSeedIsTheSameRun) {
  std::set<std::uint64_t> hashes;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::ostringstream first_trace;
    std::ostringstream second_trace;
    const Verdict first = simulate({seed, &first_trace, {}, {}, {}});
    const Verdict second = simulate({seed, &second_trace, {}, {}, {}});
    const Verdict untraced = simulate({seed, nullptr, {}, {}, {}});
    EXPECT_EQ(first_trace.str(), second_trace.str());
    EXPECT_EQ(first.hash, second.hash);
    EXPECT_EQ(first.hash, untraced.hash);
    EXPECT_GT(first.notes, 100u);
    hashes.insert(first.hash);
  }
  EXPECT_EQ(hashes.size(), 20u);
}

TEST(Simulation, RunsOverAnyLedger) {
  unsigned made = 0;
  Options options;
  options.seed = 7;
  options.make_store = [&] {
    ++made;
    return std::make_unique<test::MemoryStore>(Port(20'000), Port(20'009));
  };
  EXPECT_EQ(all(simulate(options).violations), "");
  EXPECT_EQ(made, 1u);
}

class SeededBugs : public testing::TestWithParam<SeededBug> {};

TEST_P(SeededBugs, AreCaught) {
  constexpr std::uint64_t patience = 400;
  for (std::uint64_t seed = 1; seed <= patience; ++seed) {
    const Verdict verdict = simulate({seed, nullptr, {}, GetParam().break_fakes, GetParam().break_settings});
    if (verdict.violations.empty()) continue;
    std::cout << "caught by seed " << seed << ": " << verdict.violations.front() << "\n";
    return;
  }
  FAIL() << "not caught by any of " << patience << " seeds";
}

std::string name_of(const testing::TestParamInfo<SeededBug>& info) {
  std::string name;
  for (const char c : info.param.name) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) name += c;
    if (c == ' ') name += '_';
  }
  return name;
}

INSTANTIATE_TEST_SUITE_P(Each, SeededBugs, testing::ValuesIn(seeded_bugs()), name_of);

TEST(Fiber, TakesTurns) {
  std::string order;
  Fiber a([&] {
    order += "a1 ";
    Fiber::pause();
    order += "a2 ";
  });
  Fiber b([&] {
    order += "b1 ";
    Fiber::pause();
    order += "b2 ";
  });
  EXPECT_TRUE(a.resume());
  EXPECT_TRUE(b.resume());
  EXPECT_FALSE(a.resume());
  EXPECT_FALSE(b.resume());
  EXPECT_EQ(order, "a1 b1 a2 b2 ");
}

TEST(Fiber, HandsOnWhatItThrows) {
  Fiber fiber([] { throw std::string("lost"); });
  EXPECT_THROW(fiber.resume(), std::string);
}

// Each handles an exception of its own while the other one has its turn.
TEST(Fiber, KeepsItsExceptionsApart) {
  std::string caught;
  const auto body = [&](int mine) {
    try {
      throw mine;
    } catch (int) {
      Fiber::pause();
      try {
        throw;
      } catch (int again) {
        caught += std::to_string(again);
      }
    }
  };
  Fiber a([&] { body(1); });
  Fiber b([&] { body(2); });
  a.resume();
  b.resume();
  a.resume();
  b.resume();
  EXPECT_EQ(caught, "12");
}

}  // namespace
}  // namespace slipway::sim
