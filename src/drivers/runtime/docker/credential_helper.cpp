#include "drivers/runtime/docker/credential_helper.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

extern char** environ;

namespace slipway::docker {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::size_t output_limit_bytes = 64u << 10;

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// Ends the child, whatever happens, and takes its status.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    wait();
  }
  int wait() {
    int status = -1;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
};

[[noreturn]] void fail(const std::string& program, std::string_view why) {
  throw Error(ErrorKind::unavailable,
              fmt::format("{}, which Docker's config file names for this registry: {}", program, why));
}

// One socket for the child's input and output: nothing raises SIGPIPE on it.
pid_t spawn(const std::string& program, int socket) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string name = program;
  std::string verb = "get";
  char* const argv[] = {name.data(), verb.data(), nullptr};
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, name.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    fail(program, fmt::format("cannot be run: {}; install it or run 'docker login'", std::strerror(error)));
  return pid;
}

std::string read_all(int fd, Steady::time_point deadline, const std::string& program) {
  std::string output;
  char piece[4096];
  while (true) {
    const auto left = std::chrono::duration_cast<Millis>(deadline - Steady::now()).count();
    pollfd wanted{fd, POLLIN, 0};
    const int ready = left <= 0 ? 0 : ::poll(&wanted, 1, static_cast<int>(left));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) fail(program, "did not answer in time");
    const ssize_t size = ::recv(fd, piece, sizeof piece, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return output;
    output.append(piece, static_cast<std::size_t>(size));
    if (output.size() > output_limit_bytes) fail(program, "answered more than 64 KiB");
  }
}

}  // namespace

std::optional<RegistryLogin> ask_credential_helper(const std::string& name, const std::string& server, Millis timeout) {
  const std::string program = "docker-credential-" + name;
  if (name.empty() || name.find('/') != std::string::npos) fail(program, "is not the name of a program");
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) fail(program, std::strerror(errno));
  const Descriptor ours(ends[0]);
  Descriptor theirs(ends[1]);
  Child child(spawn(program, theirs.get()));
  theirs.close();

  const auto deadline = Steady::now() + timeout;
  const std::string input = server + "\n";
  (void)::send(ours.get(), input.data(), input.size(), MSG_NOSIGNAL);  // a few bytes: they fit the socket's buffer
  ::shutdown(ours.get(), SHUT_WR);
  const std::string output = read_all(ours.get(), deadline, program);
  const int status = child.wait();
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    // The protocol has no code for this, only these words on standard output.
    if (output.find("credentials not found") != std::string::npos) return std::nullopt;
    fail(program, fmt::format("failed: {}", trimmed(output).substr(0, 200)));
  }
  const auto value = parse_json(output, program);
  if (!value.is_object()) fail(program, "did not answer with a JSON object");
  RegistryLogin login;
  login.server = server;
  login.username = string_at(value.get_object(), "Username");
  const Secret secret(string_at(value.get_object(), "Secret"));
  (login.username == "<token>" ? login.identity_token : login.password) = secret;
  if (login.username == "<token>") login.username.clear();
  return login;
}

}  // namespace slipway::docker
