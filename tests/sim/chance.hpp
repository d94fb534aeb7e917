#pragma once
#include <cstdint>
#include <iterator>

#include "base/clock.hpp"

namespace slipway::sim {

// The seed's numbers (SplitMix64): the only source of anything that is not fixed in a run.
class Chance {
 public:
  explicit Chance(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
  }
  // In [0, bound).
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + below(most - least + 1); }
  Millis between(Millis least, Millis most) {
    return Millis(static_cast<std::int64_t>(
        between(static_cast<std::uint64_t>(least.count()), static_cast<std::uint64_t>(most.count()))));
  }
  // True in `per_mille` of a thousand.
  bool one_of_thousand(unsigned per_mille) { return below(1'000) < per_mille; }
  bool half() { return (next() & 1) != 0; }

  template <class List>
  auto& pick(List& list) {
    return list[below(std::size(list))];
  }

 private:
  std::uint64_t state_;
};

}  // namespace slipway::sim
