#include "cli/completion.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway::cli {
namespace {

// Inside single quotes of a POSIX shell.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// Fish knows \' and \\ inside single quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// --- bash ---------------------------------------------------------------------------------------------------------

std::string bash_values(const OptionInfo& option) {
  if (!option.choices.empty())
    return fmt::format("compgen -W {} -- \"$word\"", shell_quoted(fmt::to_string(fmt::join(option.choices, " "))));
  return option.file ? "compgen -f -- \"$word\"" : ":";
}

std::string bash_command(const CommandInfo& command) {
  std::vector<std::string> options;
  std::vector<std::string> below;
  std::string of_options;
  std::string of_arguments;
  for (const CommandInfo& sub : command.commands) below.push_back(sub.name());
  for (const OptionInfo& option : command.options) {
    if (option.positional) {
      if (!option.choices.empty() || option.file) of_arguments = bash_values(option);
      continue;
    }
    options.insert(options.end(), option.names.begin(), option.names.end());
    if (option.value.empty()) continue;
    of_options += fmt::format("        {}) {}; return ;;\n", fmt::join(option.names, " | "), bash_values(option));
  }
  std::string out = fmt::format("    {})\n", shell_quoted(command.full_name()));
  if (!of_options.empty()) out += fmt::format("      case $previous in\n{}      esac\n", of_options);
  const std::string words =
      below.empty() ? (of_arguments.empty() ? ":" : of_arguments)
                    : fmt::format("compgen -W {} -- \"$word\"", shell_quoted(fmt::to_string(fmt::join(below, " "))));
  out += fmt::format("      if [[ $word == -* ]]; then compgen -W {} -- \"$word\"; else {}; fi\n      ;;\n",
                     shell_quoted(fmt::to_string(fmt::join(options, " "))), words);
  return out;
}

std::string bash_script(const CommandInfo& root) {
  std::string takes_value;
  std::string descends;
  std::string commands;
  for (const CommandInfo* command : all_commands(root)) {
    for (const OptionInfo& option : command->options) {
      for (const std::string& name : option.names) {
        if (!option.value.empty()) takes_value += fmt::format(" | {}", shell_quoted(command->full_name() + " " + name));
      }
    }
    if (command != &root) descends += fmt::format(" | {}", shell_quoted(command->full_name()));
    commands += bash_command(*command);
  }
  return fmt::format(
      R"(# Completions of slipway for bash, made by `slipway completion bash`.
_slipway_words() {{
  case $path in
{}  esac
}}
_slipway() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}} path=slipway i
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case "$path ${{COMP_WORDS[i]}}" in
      {}) i=$((i + 1)) ;;
      {}) path="$path ${{COMP_WORDS[i]}}" ;;
    esac
  done
  mapfile -t COMPREPLY < <(_slipway_words)
}}
complete -o bashdefault -F _slipway slipway
)",
      commands, takes_value.substr(3), descends.substr(3));
}

// --- zsh ----------------------------------------------------------------------------------------------------------

// Inside a spec of _arguments, where brackets and colons have a meaning.
std::string zsh_words(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

std::string zsh_action(const OptionInfo& option) {
  if (!option.choices.empty()) return fmt::format("({})", fmt::join(option.choices, " "));
  return option.file ? "_files" : " ";
}

std::string zsh_function(const CommandInfo& command) {
  std::string specs;
  for (const OptionInfo& option : command.options) {
    if (option.positional) {
      specs += " \\\n    " + shell_quoted(fmt::format(":{}:{}", zsh_words(option.names.front()), zsh_action(option)));
      continue;
    }
    for (const std::string& name : option.names) {
      std::string spec = fmt::format("{}[{}]", name, zsh_words(first_line(option.what)));
      if (!option.value.empty()) spec += fmt::format(":{}:{}", zsh_words(option.value), zsh_action(option));
      specs += " \\\n    " + shell_quoted(spec);
    }
  }
  std::string out = fmt::format("{}() {{\n", fmt::format("_{}", fmt::join(command.path, "_")));
  if (command.commands.empty()) return out + fmt::format("  _arguments -s{}\n}}\n", specs);
  std::string names;
  std::string cases;
  for (const CommandInfo& below : command.commands) {
    names += "\n    " + shell_quoted(fmt::format("{}:{}", below.name(), zsh_words(first_line(below.what))));
    cases += fmt::format("    {}) _{} ;;\n", below.name(), fmt::join(below.path, "_"));
  }
  return out + fmt::format(
                   "  local context state line commands\n  typeset -A opt_args\n  commands=({}\n  )\n"
                   "  _arguments -C -s{} \\\n    '1: :->command' '*:: :->rest'\n"
                   "  case $state in\n    command) _describe command commands; return ;;\n    rest) ;;\n"
                   "    *) return ;;\n  esac\n  case $line[1] in\n{}  esac\n}}\n",
                   names, specs, cases);
}

std::string zsh_script(const CommandInfo& root) {
  std::string out = "#compdef slipway\n# Completions of slipway for zsh, made by `slipway completion zsh`.\n";
  for (const CommandInfo* command : all_commands(root)) out += zsh_function(*command);
  // Run from a folder of $fpath the file is itself the function; sourced, it makes itself known.
  return out + "if [[ $funcstack[1] == _slipway ]]; then _slipway \"$@\"; else compdef _slipway slipway; fi\n";
}

// --- fish ---------------------------------------------------------------------------------------------------------

// True while the words so far name exactly this command.
std::string fish_condition(const CommandInfo& command) {
  std::string condition = command.path.size() == 1 ? "__fish_use_subcommand" : "";
  for (std::size_t i = 1; i < command.path.size(); ++i) {
    condition += fmt::format("{}__fish_seen_subcommand_from {}", i > 1 ? "; and " : "", command.path[i]);
  }
  return condition;
}

std::string fish_script(const CommandInfo& root) {
  std::string out = "# Completions of slipway for fish, made by `slipway completion fish`.\ncomplete -c slipway -f\n";
  for (const CommandInfo* command : all_commands(root)) {
    const std::string head = fmt::format("complete -c slipway -n {}", fish_quoted(fish_condition(*command)));
    for (const CommandInfo& below : command->commands) {
      out += fmt::format("{} -a {} -d {}\n", head, below.name(), fish_quoted(first_line(below.what)));
    }
    for (const OptionInfo& option : command->options) {
      std::string line = head;
      for (const std::string& name : option.positional ? std::vector<std::string>{} : option.names) {
        line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      }
      if (option.positional && option.choices.empty() && !option.file) continue;
      if (!option.value.empty()) line += " -r";
      if (option.file) line += " -F";
      if (!option.choices.empty()) line += " -a " + fish_quoted(fmt::to_string(fmt::join(option.choices, " ")));
      out += fmt::format("{} -d {}\n", line, fish_quoted(first_line(option.what)));
    }
  }
  return out;
}

}  // namespace

const std::vector<std::string>& completion_shells() {
  static const std::vector<std::string> shells = {"bash", "fish", "zsh"};
  return shells;
}

std::string completion_script(const CommandInfo& root, std::string_view shell) {
  if (shell == "bash") return bash_script(root);
  if (shell == "fish") return fish_script(root);
  if (shell == "zsh") return zsh_script(root);
  throw Error(ErrorKind::invalid, fmt::format("there are no completions for '{}'; there are for {}", shell,
                                              fmt::join(completion_shells(), ", ")));
}

}  // namespace slipway::cli
