#include "app/describe_commands.hpp"

#include <CLI/CLI.hpp>
#include <ostream>

#include "cli/command_tree.hpp"
#include "cli/completion.hpp"
#include "cli/context.hpp"
#include "cli/man_page.hpp"
#include "config/reference.hpp"

namespace slipway {

void add_describe_commands(CLI::App& app, cli::Context& context) {
  auto shell = std::make_shared<std::string>();
  auto* completion = app.add_subcommand("completion", "Print completions for bash, fish or zsh");
  completion->group("This machine");
  completion->add_option("SHELL", *shell, "for which shell")
      ->required()
      ->check(CLI::IsMember(cli::completion_shells()));
  completion->footer("Example: source <(slipway completion bash)");
  completion->callback(
      [shell, &app, &context] { context.out << cli::completion_script(cli::command_tree(app), *shell); });

  // For the build, which makes the man pages with it.
  auto page = std::make_shared<std::string>();
  auto* man = app.add_subcommand("man", "Print a man page")->group("");
  man->add_option("PAGE", *page)->required()->check(CLI::IsMember({"slipway.1", "slipway.yaml.5"}));
  man->callback([page, &app, &context] {
    context.out << (*page == "slipway.1" ? cli::command_page(cli::command_tree(app), context.version)
                                         : config_page(context.version));
  });
}

}  // namespace slipway
