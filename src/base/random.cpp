#include "base/random.hpp"

#include <sys/random.h>

#include "base/error.hpp"

namespace slipway {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  // Up to 256 bytes come whole, getrandom(2); it waits only where the machine has just been switched on.
  if (::getrandom(&value, sizeof value, 0) != static_cast<ssize_t>(sizeof value)) {
    throw Error(ErrorKind::internal, "the system gave no random bytes (getrandom); is its entropy source available?");
  }
  return value;
}

}  // namespace slipway
