#pragma once
#include <cstddef>
#include <string_view>

namespace slipway {

// How the bytes that are looked for are written: `base64` takes both alphabets, `hex` both cases.
enum class Spelling { plain, base64, hex };

// Where text that is `wanted`, beginning at `at`, ends; npos where it does not begin there. Each byte may stand as it
// is or escaped as URLs, JSON, HTML, shells and programming languages do it, and lines may be broken within. Where the
// text ends or goes on with "…" within `wanted`, after at least `least_bytes` of it, that end counts too.
std::size_t end_of_spelled(std::string_view text, std::size_t at, std::string_view wanted, Spelling spelling,
                           std::size_t least_bytes);

}  // namespace slipway
