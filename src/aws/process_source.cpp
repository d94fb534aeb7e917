#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "aws/credential_sources.hpp"

extern char** environ;

namespace slipway::aws {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t output_limit_bytes = 64u << 10;

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

// The program with its standard output in a pipe; what it says on standard error is for the user's eyes.
class Child {
 public:
  explicit Child(std::vector<std::string> words) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail(std::strerror(errno));
    output_ = ends[0];
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    const int error = ::posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) {
      ::close(output_);
      fail(fmt::format("'{}' cannot be run: {}", words[0], std::strerror(error)));
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    ::close(output_);
    if (pid_ > 0) {
      ::kill(pid_, SIGKILL);
      wait();
    }
  }

  std::string read_all(Steady::time_point deadline) const {
    std::string output;
    char piece[4096];
    for (;;) {
      const auto left = std::chrono::duration_cast<Millis>(deadline - Steady::now()).count();
      pollfd wanted{output_, POLLIN, 0};
      const int ready = left <= 0 ? 0 : ::poll(&wanted, 1, static_cast<int>(left));
      if (ready < 0 && errno == EINTR) continue;
      if (ready <= 0) fail("did not answer in time");
      const ssize_t size = ::read(output_, piece, sizeof piece);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) return output;
      output.append(piece, static_cast<std::size_t>(size));
      if (output.size() > output_limit_bytes) fail("answered more than 64 KiB");
    }
  }
  int wait() {
    int status = -1;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace

Credentials from_process(const std::string& command, Millis timeout) {
  Child child(words_of(command));
  const auto output = child.read_all(Steady::now() + timeout);
  const int status = child.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) fail("ended with an error");
  const auto value = parse_json(output, "credential_process");
  if (!value.is_object() || int_at(value.get_object(), "Version") != 1) fail("did not answer with JSON of Version 1");
  return credentials_from_json(value.get_object(), "credential_process");
}

}  // namespace slipway::aws
