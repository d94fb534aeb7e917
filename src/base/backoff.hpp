#pragma once
#include <algorithm>
#include <cstdint>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace slipway {

// Exponential back-off with full jitter: the wait before try `attempt` (0 = first retry) is uniform in
// [0, min(cap, base * 2^attempt)]. Source of the rule: "Exponential Backoff And Jitter", AWS Architecture Blog.
struct Backoff {
  Millis base{200};
  Millis cap{30'000};

  Millis ceiling(unsigned attempt) const {
    const auto doubled = base.count() << std::min(attempt, 20u);
    return std::min(cap, Millis(doubled));
  }
  Millis wait(unsigned attempt, Random& random) const {
    return Millis(static_cast<std::int64_t>(random.next() % static_cast<std::uint64_t>(ceiling(attempt).count() + 1)));
  }
};

}  // namespace slipway
