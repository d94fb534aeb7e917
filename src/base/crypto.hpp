#pragma once
#include <string>
#include <string_view>

#include "base/random.hpp"
#include "base/secret.hpp"

namespace slipway {

// Raw digests, 32 bytes.
std::string sha256(std::string_view data);
std::string hmac_sha256(const Secret& key, std::string_view data);

std::string to_hex(std::string_view bytes);
std::string to_base64(std::string_view bytes);
std::string to_base64url(std::string_view bytes);  // without padding

// 32 random bytes as base64url: a key or an unguessable token.
Secret new_key(Random& random);

}  // namespace slipway
