#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"

namespace slipway::config {

// A secret's text as configured: "file:PATH" gives the file's content without the line break at its end, anything else
// is the secret itself. Throws Error(invalid) if the file cannot be read, is empty or larger than 64 KiB.
std::string secret_from(const std::string& text, const std::filesystem::path& directory);

// The whole file. Throws Error(not_found) if there is none, invalid if it is larger than `limit_bytes` or cannot
// be read.
std::string read_file(const std::filesystem::path& file, std::size_t limit_bytes);

// Text of a file, fit to be shown in an error: control characters are replaced, and it is cut after 60 bytes.
std::string quotable(std::string_view text);

}  // namespace slipway::config
