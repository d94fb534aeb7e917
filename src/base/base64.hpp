#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace slipway {

// The bytes of standard or URL-safe base64, with or without padding; nothing where it is neither. The other way round:
// base/crypto.hpp.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace slipway
