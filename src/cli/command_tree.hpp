#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace slipway::cli {

// One option or positional argument, as completions and man pages tell it.
struct OptionInfo {
  std::vector<std::string> names;    // "-f", "--follow"; of a positional argument, its name: "TENANT"
  std::string value;                 // "SECONDS"; empty: a flag, or a positional argument
  std::vector<std::string> choices;  // the only values it takes; empty: any
  std::string what;
  bool positional = false;
  bool required = false;
  bool file = false;  // its value is the path of a file
};

struct CommandInfo {
  std::vector<std::string> path;  // {"slipway", "database", "stop"}
  std::string what;
  std::string group;
  std::string footer;
  std::vector<OptionInfo> options;  // also those of the program that the command takes after its name
  std::vector<CommandInfo> commands;

  const std::string& name() const { return path.back(); }
  std::string full_name() const;  // "slipway database stop"
};

// All that the parser itself knows of the command line, without what is hidden.
CommandInfo command_tree(const CLI::App& app);

// The command and those below it, in the order of the help.
std::vector<const CommandInfo*> all_commands(const CommandInfo& root);

}  // namespace slipway::cli
