#pragma once
#include <cstdint>
#include <optional>
#include <string>

namespace slipway {

// The text of a commented slipway.yaml for an image, which load_config takes as it is. An empty `name` is derived from
// the image; without a `port` the file says 8080 and asks to check it.
std::string init_template(const std::string& image, const std::string& name, std::optional<std::uint16_t> port);

// Writes that text to `file`. Throws conflict where there is one already, unless `force`; invalid for an image that is
// none; unavailable where it cannot be written.
void write_init_file(const std::string& file, const std::string& text, bool force);

}  // namespace slipway
