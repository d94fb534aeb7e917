#include "cli/man_page.hpp"

#include <fmt/format.h>

#include "base/text.hpp"

namespace slipway::cli {
namespace {

constexpr std::string_view tail = R"(.SH ENVIRONMENT
.TP
.B SLIPWAY_SERVER
The URL of the server that commands talk to, where \-\-server does not name one.
.TP
.B SLIPWAY_API_KEY
Sent to the server as a bearer token.
.TP
.B SLIPWAY_CONFIG
The configuration file, where \-\-config does not name one.
.TP
.B NO_COLOR
Set to anything, there are no colours.
.SH EXIT STATUS
.TP
.B 0
Done.
.TP
.B 1
The operation failed.
.TP
.B 2
A mistake on the command line, in what was sent, or in the configuration.
.TP
.B 3
The server cannot be reached, or cannot answer now.
.TP
.B 4
There is no such tenant.
.TP
.B 5
Refused: a conflict, or not allowed.
.TP
.B 6
Still going on when the waiting ended.
.SH SEE ALSO
.BR slipway.yaml (5)
)";

std::string lines(std::string_view text) {
  std::string out;
  for (const std::string& line : split(text, '\n')) {
    out += out.empty() ? "" : "\n.br\n";
    out += roff(trimmed(line));
  }
  return out;
}

std::string of_option(const OptionInfo& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) {
    names.push_back(option.positional ? "\\fI" + roff(name) + "\\fR" : "\\fB" + roff(name) + "\\fR");
  }
  const std::string value = option.value.empty() ? "" : " \\fI" + roff(option.value) + "\\fR";
  std::string what = roff(option.what);
  if (!option.choices.empty()) what += " (" + roff(fmt::to_string(fmt::join(option.choices, ", "))) + ")";
  if (what.empty()) what = "\\&";
  return fmt::format(".TP\n{}{}\n{}\n", fmt::join(names, ", "), value, what);
}

std::string of_command(const CommandInfo& command) {
  std::string head = roff(command.full_name());
  std::string options;
  for (const OptionInfo& option : command.options) {
    if (option.names.back() == "--help") continue;
    if (option.positional)
      head += option.required ? " " + roff(option.names.front()) : " [" + roff(option.names.front()) + "]";
    options += of_option(option);
  }
  std::string out = fmt::format(".SS {}\n{}\n", head, lines(command.what));
  out += options;
  if (!command.footer.empty()) out += fmt::format(".PP\n{}\n", lines(command.footer));
  return out;
}

}  // namespace

std::string roff(std::string_view text) {
  std::string out;
  bool begins = true;
  for (const char c : text) {
    if (begins && (c == '.' || c == '\'')) out += "\\&";
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    begins = c == '\n';
  }
  return out;
}

std::string command_page(const CommandInfo& root, std::string_view version) {
  std::string out = fmt::format(
      ".TH SLIPWAY 1 \"\" \"Slipway {}\" \"Slipway\"\n.SH NAME\nslipway \\- one isolated instance of a container image "
      "for each customer\n.SH SYNOPSIS\n.B slipway\n.RI [ options ]\n.I command\n.RI [ arguments ]\n"
      ".SH DESCRIPTION\n{}\n.SH OPTIONS\n",
      roff(version), lines(root.what));
  for (const OptionInfo& option : root.options) out += of_option(option);
  out += ".SH COMMANDS\n";
  for (const CommandInfo* command : all_commands(root)) {
    if (command != &root && command->commands.empty()) out += of_command(*command);
  }
  return out + std::string(tail);
}

}  // namespace slipway::cli
