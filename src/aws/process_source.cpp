#include "aws/credential_sources.hpp"
#include "os/child.hpp"

namespace slipway::aws {
namespace {

[[noreturn]] void fail(std::string_view why) {
  throw Error(ErrorKind::unauthorized, fmt::format("credential_process: {}", why));
}

// Words as a shell would see them, with quotes and backslashes and nothing else of a shell's.
std::vector<std::string> words_of(const std::string& command) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (quote != 0 && c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      words.back() += command[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) fail("a quote is not closed");
  if (words.empty()) fail("is empty");
  return words;
}

}  // namespace

Credentials from_process(const std::string& command, Millis timeout) {
  // What it says on standard error is for the user's eyes.
  const os::Command program{.words = words_of(command), .errors = os::Command::Errors::shown};
  os::Ended ended;
  try {
    ended = os::run(program, timeout);
  } catch (const Error& error) {
    fail(error.message());
  }
  if (ended.exit_code != 0) fail("ended with an error");
  const auto value = parse_json(ended.output, "credential_process");
  if (!value.is_object() || int_at(value.get_object(), "Version") != 1) fail("did not answer with JSON of Version 1");
  return credentials_from_json(value.get_object(), "credential_process");
}

}  // namespace slipway::aws
