#pragma once
#include <atomic>
#include <cstdint>

#include "base/random.hpp"

namespace slipway {

// Numbers of which none comes twice, for ids that have to be unique and nothing more: whoever knows one can tell the
// next. They cost a hundredth of the operating system's. SplitMix64 (Steele, Lea, Flood 2014) over a counter.
// Thread-safe.
class UniqueNumbers : public Random {
 public:
  explicit UniqueNumbers(std::uint64_t first) : count_(first) {}
  std::uint64_t next() override {
    std::uint64_t z = count_.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  std::atomic<std::uint64_t> count_;
};

}  // namespace slipway
