#include "cli/commands.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>

#include "cli/exit_code.hpp"
#include "cli/harness.hpp"

namespace slipway::cli::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using CommandLine = CommandTest;

const std::vector<std::string> commands = {"provision", "ls",     "show",    "events",  "logs",   "stats",
                                           "suspend",   "resume", "restart", "retry",   "rm",     "mail",
                                           "sweep",     "audit",  "status",  "version", "export", "import"};

std::set<std::string> options_in(const std::string& text) {
  static const std::regex option("--[a-z][a-z-]+");
  std::set<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), option), end; it != end; ++it) found.insert(it->str());
  return found;
}

// The part of docs/reference/cli.md under the heading "### slipway NAME".
std::string documented(const std::string& name) {
  const auto file = std::filesystem::path("docs/reference/cli.md");
  std::ifstream in(file);
  EXPECT_TRUE(in.is_open()) << file;
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const auto from = text.find("\n### slipway " + name + "\n");
  if (from == std::string::npos) return "";
  return text.substr(from, text.find("\n## ", from + 4) == std::string::npos
                               ? text.find("\n### ", from + 4) - from
                               : std::min(text.find("\n## ", from + 4), text.find("\n### ", from + 4)) - from);
}

TEST_F(CommandLine, EveryCommandHasHelpWithAnExample) {
  const Outcome all = slipway({"--help"});
  EXPECT_EQ(all.code, exit_ok);
  for (const std::string& name : commands) {
    EXPECT_THAT(all.out, HasSubstr("\n  " + name + " ")) << name;
    const Outcome help = slipway({name, "--help"});
    EXPECT_EQ(help.code, exit_ok);
    EXPECT_THAT(help.out, AllOf(HasSubstr("Example:\n  slipway " + name), HasSubstr("--server URL"),
                                HasSubstr("--config FILE"), HasSubstr("--json")));
    EXPECT_EQ(help.err, "");
  }
}

TEST_F(CommandLine, TheDocumentationNamesEachCommandAndOption) {
  const std::set<std::string> everywhere = {"--server", "--config", "--json", "--help"};
  for (const std::string& name : commands) {
    const std::string section = documented(name);
    ASSERT_NE(section, "") << "docs/reference/cli.md has no '### slipway " << name << "'";
    std::set<std::string> real = options_in(slipway({name, "--help"}).out);
    std::set<std::string> told = options_in(section);
    for (const std::string& option : everywhere) real.erase(option), told.erase(option);
    EXPECT_EQ(told, real) << name;
  }
}

TEST_F(CommandLine, TheDocumentationNamesTheOptionsOfKeys) {
  std::set<std::string> real;
  for (const char* command : {"create", "ls", "revoke"}) {
    real.merge(options_in(slipway({"keys", command, "--help"}).out));
  }
  for (const char* option : {"--server", "--config", "--json", "--help"}) real.erase(option);
  EXPECT_EQ(options_in(documented("keys")), real);
}

TEST_F(CommandLine, MistakesAreSaidWithTheWayToTheHelp) {
  const Outcome unknown = slipway({"provison"});
  EXPECT_EQ(unknown.code, exit_usage);
  EXPECT_THAT(unknown.err, AllOf(StartsWith("slipway: "), HasSubstr("see: slipway --help\n")));
  const Outcome missing = slipway({"provision", "--email", "a@b.example"});
  EXPECT_EQ(missing.code, exit_usage);
  EXPECT_THAT(missing.err, AllOf(HasSubstr("--subdomain"), HasSubstr("see: slipway provision --help\n")));
  EXPECT_EQ(slipway({}).code, exit_usage);
  EXPECT_EQ(slipway({"logs", "acme", "--tail", "many"}).code, exit_usage);
  EXPECT_EQ(slipway({"mail", "--limit", "0"}).code, exit_usage);
  EXPECT_EQ(slipway({"rm", "acme", "--timeout", "5"}).code, exit_usage);
  EXPECT_THAT(slipway({"ls", "\x1b[31m"}).err, HasSubstr("\\x1b[31m"));
  EXPECT_TRUE(server.requests().empty());
}

TEST(ExitCodes, FollowFromTheKindOfError) {
  const std::map<ErrorKind, int> codes = {
      {ErrorKind::invalid, 2},  {ErrorKind::unauthorized, 5}, {ErrorKind::forbidden, 5},   {ErrorKind::not_found, 4},
      {ErrorKind::conflict, 5}, {ErrorKind::limited, 5},      {ErrorKind::unavailable, 3}, {ErrorKind::internal, 1}};
  for (const auto& [kind, code] : codes) EXPECT_EQ(exit_code(Error(kind, "x")), code);
}

}  // namespace
}  // namespace slipway::cli::test
