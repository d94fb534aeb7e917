#include "cli/command_tree.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "base/text.hpp"

namespace slipway::cli {
namespace {

// CLI11 tells the choices of IsMember as a part of the type: "NAME:{bash,zsh,fish}".
std::vector<std::string> choices_in(const std::string& type) {
  const auto open = type.find('{');
  const auto close = type.rfind('}');
  if (open == std::string::npos || close == std::string::npos || close < open) return {};
  return split(type.substr(open + 1, close - open - 1), ',');
}

OptionInfo info_of(const CLI::Option& option) {
  OptionInfo info;
  info.positional = option.get_positional();
  const std::string type = option.get_type_name();
  if (info.positional) {
    info.names = {option.get_name(true, false)};
  } else {
    for (const auto& name : option.get_snames()) info.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) info.names.push_back("--" + name);
    if (option.get_items_expected_max() > 0) info.value = type.substr(0, type.find(':'));
  }
  info.choices = choices_in(type);
  info.what = option.get_description();
  info.required = option.get_required();
  info.file = info.value == "FILE" || info.names.front() == "file";
  return info;
}

void add_options(const CLI::App& app, std::vector<OptionInfo>& to) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_group().empty()) continue;
    OptionInfo info = info_of(*option);
    const auto same = [&](const OptionInfo& other) { return other.names == info.names; };
    if (std::none_of(to.begin(), to.end(), same)) to.push_back(std::move(info));
  }
}

CommandInfo info_of(const CLI::App& app, std::vector<std::string> path) {
  CommandInfo info;
  path.push_back(app.get_name());
  info.path = std::move(path);
  info.what = app.get_description();
  info.group = app.get_group();
  info.footer = app.get_footer();
  add_options(app, info.options);
  // What falls through to the program is taken after the command's name, too; not --version, which it answers itself.
  for (const CLI::App* above = &app; above->get_fallthrough() && above->get_parent() != nullptr;) {
    above = above->get_parent();
    std::vector<OptionInfo> more;
    add_options(*above, more);
    for (OptionInfo& option : more) {
      const bool there = std::any_of(info.options.begin(), info.options.end(),
                                     [&](const OptionInfo& o) { return o.names == option.names; });
      if (!there && !option.positional && option.names.back() != "--version") info.options.push_back(std::move(option));
    }
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) info.commands.push_back(info_of(*command, info.path));
  }
  return info;
}

void add_commands(const CommandInfo& command, std::vector<const CommandInfo*>& to) {
  to.push_back(&command);
  for (const CommandInfo& below : command.commands) add_commands(below, to);
}

}  // namespace

std::string CommandInfo::full_name() const { return fmt::format("{}", fmt::join(path, " ")); }

CommandInfo command_tree(const CLI::App& app) { return info_of(app, {}); }

std::vector<const CommandInfo*> all_commands(const CommandInfo& root) {
  std::vector<const CommandInfo*> found;
  add_commands(root, found);
  return found;
}

}  // namespace slipway::cli
