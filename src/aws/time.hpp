#pragma once
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace slipway::aws {

// ISO 8601 as AWS and its tools write it: "2026-11-25T22:00:00Z", with a fraction of a second or an offset from UTC
// ("+01:00") where there is one.
std::optional<TimePoint> parse_time(std::string_view text);

}  // namespace slipway::aws
