#pragma once
#include <cstddef>
#include <string>

#include "base/clock.hpp"

namespace slipway {

// Text that comes piece by piece, perhaps for days: an app's output, a timeline. Whoever reads asks again and again, so
// that no thread waits for what is not there yet. For one thread at a time; to destroy it ends what it holds open.
class PieceSource {
 public:
  virtual ~PieceSource() = default;

  // more: ask again as soon as there is room. waiting: ask again when `descriptor` is readable, or after `pause`.
  enum class State { more, waiting, ended };

  // Appends what is there, at most about `piece_bytes`. Throws an Error where the rest cannot be had.
  virtual State pull(std::string& out) = 0;

  virtual int descriptor() const { return -1; }  // -1: none
  virtual Millis pause() const { return Millis(60'000); }
};

inline constexpr std::size_t piece_bytes = 32u << 10;

}  // namespace slipway
