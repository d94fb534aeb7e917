#pragma once
#include <cstdint>
#include <mutex>
#include <random>

namespace slipway {

// Randomness is an input, so that a simulation can replay it.
class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
};

// The operating system's generator (getrandom(2)), fit for ids and tokens. Thread-safe.
class SystemRandom : public Random {
 public:
  std::uint64_t next() override;
};

// A seeded sequence: the same seed gives the same numbers. Thread-safe.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t next() override {
    std::lock_guard lock(mutex_);
    return engine_();
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace slipway
