#include "base/id.hpp"

#include <cstdint>

namespace slipway {

std::string new_id(std::string_view prefix, TimePoint now, Random& random) {
  static constexpr std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  constexpr int half = 10;
  std::string id(prefix);
  const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
  const std::uint64_t chance = random.next();
  for (int i = half - 1; i >= 0; --i) id += alphabet[time >> (5 * i) & 31];
  for (int i = half - 1; i >= 0; --i) id += alphabet[chance >> (5 * i) & 31];
  return id;
}

}  // namespace slipway
