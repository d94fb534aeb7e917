#include "base/random.hpp"

#include <openssl/rand.h>

#include "base/error.hpp"

namespace slipway {

std::uint64_t SystemRandom::next() {
  std::uint64_t value = 0;
  if (RAND_bytes(reinterpret_cast<unsigned char*>(&value), sizeof value) != 1) {
    throw Error(ErrorKind::internal, "OpenSSL could not give random bytes; is the system's entropy source available?");
  }
  return value;
}

}  // namespace slipway
