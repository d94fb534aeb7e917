#include <charconv>
#include <chrono>
#include <cstring>
#include <iostream>
#include <optional>
#include <string_view>

#include <fmt/format.h>

#include "tests/sim/simulation.hpp"

// slipway_simulation: runs seeds and prints those in which a promise was broken.
namespace {

constexpr std::string_view usage =
    "Usage: slipway_simulation [--first SEED] [--seeds N] [--failures N]\n"
    "       slipway_simulation --seed SEED [--trace]\n\n"
    "  --first SEED    the first seed (1)\n"
    "  --seeds N       how many, one after the other (10000)\n"
    "  --failures N    stops after so many seeds that failed (5)\n"
    "  --seed SEED     this one alone\n"
    "  --trace         prints everything that happens in it\n\n"
    "Exits with 0 when every promise was kept, 1 when one was broken, 2 for a wrong argument.\n";

struct Arguments {
  std::uint64_t first = 1;
  std::uint64_t seeds = 10'000;
  std::uint64_t failures = 5;
  bool trace = false;
};

std::optional<std::uint64_t> number(const char* text) {
  std::uint64_t value = 0;
  const char* const end = text + std::strlen(text);
  const auto [stop, error] = std::from_chars(text, end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace") {
      arguments.trace = true;
      continue;
    }
    const auto value = i + 1 < argc ? number(argv[++i]) : std::nullopt;
    if (!value) return std::nullopt;
    if (name == "--first") {
      arguments.first = *value;
    } else if (name == "--seeds") {
      arguments.seeds = *value;
    } else if (name == "--failures") {
      arguments.failures = *value;
    } else if (name == "--seed") {
      arguments.first = *value;
      arguments.seeds = 1;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

int run(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  slipway::sim::Verdict sum;
  std::uint64_t failed = 0;
  std::uint64_t done = 0;
  for (; done < arguments.seeds && failed < arguments.failures; ++done) {
    const std::uint64_t seed = arguments.first + done;
    slipway::sim::Options options;
    options.seed = seed;
    if (arguments.trace) options.trace = &std::cout;
    const auto verdict = slipway::sim::simulate(options);
    sum.hash = sum.hash * 31 + verdict.hash;
    sum.notes += verdict.notes;
    sum.late_effects += verdict.late_effects;
    sum.deaths += verdict.deaths;
    sum.tenants += verdict.tenants;
    sum.active += verdict.active;
    sum.failed += verdict.failed;
    if (verdict.violations.empty()) continue;
    ++failed;
    fmt::print("seed {} broke a promise; see how with: slipway_simulation --seed {} --trace\n", seed, seed);
    for (const std::string& violation : verdict.violations) fmt::print("  {}\n", violation);
    std::fflush(stdout);
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
  fmt::print(
      "{} seeds from {} on, {} failed, {:.1f} s: {} calls, {} process deaths, {} late effects, "
      "{} tenants ({} active, {} failed); hash {:016x}\n",
      done, arguments.first, failed, seconds, sum.notes, sum.deaths, sum.late_effects, sum.tenants, sum.active,
      sum.failed, sum.hash);
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = parse(argc, argv);
  if (!arguments) {
    std::cerr << usage;
    return 2;
  }
  return run(*arguments);
}
