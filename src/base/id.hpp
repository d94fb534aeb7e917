#pragma once
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace slipway {

// A new id that sorts by time of creation: prefix, then 10 characters of time and 10 of chance in Crockford's base 32,
// lower case: "t_01jdd2x8k40a1b2c3d4e". Its body is a valid part of a DNS label, a Docker name and a Postgres name.
std::string new_id(std::string_view prefix, TimePoint now, Random& random);

}  // namespace slipway
