#pragma once
#include <optional>

#include "base/clock.hpp"
#include "net/http.hpp"

namespace slipway::net {

// The answer's Date header ("Wed, 21 Oct 2015 07:28:00 GMT"), or nothing.
std::optional<TimePoint> date_of(const Response& answer);

}  // namespace slipway::net
