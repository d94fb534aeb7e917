#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/command_tree.hpp"

namespace slipway::cli {

const std::vector<std::string>& completion_shells();  // "bash", "fish", "zsh"

// A script that makes the shell complete every command, option, choice and file name of the command line. Throws
// Error(invalid) for a shell that is none of completion_shells().
std::string completion_script(const CommandInfo& root, std::string_view shell);

}  // namespace slipway::cli
