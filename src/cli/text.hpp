#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

// Text that comes from a server or an app, made fit for a terminal.
namespace slipway::cli {

// One line: control characters, direction controls and broken UTF-8 are shown as "\x1b", "\u202e" and "\xff", so that
// nothing can move the cursor, colour, hide or forge. A tab becomes a space.
std::string safe(std::string_view text);

// The same for a serialized JSON document, which stays one: what is shown as an escape is one of JSON's.
std::string safe_json(std::string_view document);

// How many columns the text takes, roughly: wide East Asian characters and emoji take two, combining marks none.
std::size_t display_width(std::string_view text);

std::string padded(std::string_view text, std::size_t width);

// "12s", "5m", "3h", "2d": how long ago, in one unit.
std::string short_age(TimePoint then, TimePoint now);

// "34.1 MiB"
std::string human_bytes(std::uint64_t bytes);

// Whether to colour: only on a terminal, and not where NO_COLOR is set to anything or TERM is "dumb" (no-color.org).
bool wants_colours(bool is_terminal, const std::optional<std::string>& no_color,
                   const std::optional<std::string>& term);

enum class Colour { none, bold, dim, red, green, yellow };
std::string painted(std::string_view text, Colour colour, bool colours);
Colour colour_of_status(std::string_view status);

}  // namespace slipway::cli
