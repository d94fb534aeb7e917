#pragma once
#include <string>
#include <string_view>

#include "cli/command_tree.hpp"

// Pages for man(1), in the macros of man(7). Without a date: the same tree gives the same page.
namespace slipway::cli {

// Text with what roff would take for its own made harmless: backslashes, hyphens, and dots that begin a line.
std::string roff(std::string_view text);

// slipway(1): every command with its options.
std::string command_page(const CommandInfo& root, std::string_view version);

}  // namespace slipway::cli
