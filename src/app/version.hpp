#pragma once
#include <string_view>

namespace slipway {

constexpr std::string_view version = SLIPWAY_VERSION;  // CMake's project version

}  // namespace slipway
