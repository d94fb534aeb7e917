#include "os/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <cstring>
#include <thread>

#include "base/error.hpp"
#include "os/file.hpp"
#include "os/limits.hpp"
#include "os/signal_safe.hpp"

namespace slipway::os {
namespace {

constexpr std::size_t input_limit_bytes = 4096;  // a pipe holds as much before anybody reads
constexpr Millis end_poll_interval{2};

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("make", "a pipe");
    read = Descriptor(ends[0]);
    write = Descriptor(ends[1]);
  }
  Descriptor read;
  Descriptor write;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

// All that the child needs, made before the fork: in the child of a program with threads only system calls are safe.
struct Prepared {
  explicit Prepared(const Command& asked) : command(asked) {
    if (command.environment) environ_pointers = pointers(*command.environment);
  }
  char** environment() { return command.environment ? environ_pointers.data() : ::environ; }

  Command command;
  std::vector<char*> words = pointers(command.words);
  std::vector<char*> environ_pointers;
};

// Ends a child without the last work of our own program, which is not the child's to do (a sanitizer's report of
// threads that only the parent has, for one; _exit would make it).
[[noreturn]] void leave(int code) {
  ::syscall(SYS_exit_group, code);
  __builtin_unreachable();
}

bool become_user(const User& user) {
  return ::setgroups(user.groups.size(), user.groups.data()) == 0 && ::setgid(user.gid) == 0 && ::setuid(user.uid) == 0;
}

// In the child. `report` gets the errno of what failed; it closes by itself when the program runs.
[[noreturn]] void become(Prepared& prepared, int input, int output, int errors, int report) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  default_signals();  // an ignored one would stay ignored
  ::umask(077);
  const User* user = prepared.command.user;
  const std::string& directory = prepared.command.directory;
  // Above the standard three and `report`, so that no dup2 overwrites what the next one needs.
  const int high_report = ::fcntl(report, F_DUPFD_CLOEXEC, 10);
  const int high_input = ::fcntl(input, F_DUPFD_CLOEXEC, 10);
  const int high_output = ::fcntl(output, F_DUPFD_CLOEXEC, 10);
  const int high_errors = ::fcntl(errors, F_DUPFD_CLOEXEC, 10);
  const bool is_ready = high_report >= 0 && (user == nullptr || become_user(*user)) && ::dup2(high_input, 0) == 0 &&
                        ::dup2(high_output, 1) == 1 && ::dup2(high_errors, 2) == 2 &&
                        ::dup3(high_report, 3, O_CLOEXEC) == 3 &&
                        (directory.empty() || ::chdir(directory.c_str()) == 0);
  if (is_ready) close_from(4);
  if (is_ready) give_back_open_files();
  if (is_ready) ::execvpe(prepared.words[0], prepared.words.data(), prepared.environment());
  const int error = errno;
  [[maybe_unused]] const auto written = ::write(is_ready ? 3 : high_report, &error, sizeof error);
  leave(127);
}

// Whole or nothing: what is sent here is smaller than PIPE_BUF.
template <class T>
bool receive(const Descriptor& from, T& value) {
  for (;;) {
    const ssize_t got = ::read(from.get(), &value, sizeof value);
    if (got < 0 && errno == EINTR) continue;
    return got == static_cast<ssize_t>(sizeof value);
  }
}

void throw_if_not_executed(const Descriptor& report, const std::string& program) {
  int error = 0;
  if (receive(report, error)) {
    throw Error(ErrorKind::invalid, fmt::format("{} cannot be run: {}", program, std::strerror(error)));
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool has_ended(pid_t child) {
  siginfo_t info{};
  return ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
}

// Reads until the other end closes, and waits for the child's end. Returns why it gave up before, or nothing.
std::string drain(const Descriptor& from, pid_t child, std::string& output, Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  bool is_open = true;
  while (output.size() <= output_limit_bytes) {
    if (!is_open && has_ended(child)) return {};
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    if (left <= Millis(0)) return fmt::format("did not end in time ({})", human(timeout));
    if (!is_open) {
      std::this_thread::sleep_for(end_poll_interval);
      continue;
    }
    pollfd entry{from.get(), POLLIN, 0};
    if (::poll(&entry, 1, static_cast<int>(std::min(left, Millis(60'000)).count())) <= 0) continue;
    char buffer[4096];
    const ssize_t got = ::read(from.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    is_open = got > 0;
    if (is_open) output.append(buffer, static_cast<std::size_t>(got));
  }
  return "printed more than 64 KiB";
}

}  // namespace

Ended run(const Command& command, Millis timeout) {
  const std::string& program = command.words.at(0);
  if (command.input.size() > input_limit_bytes) {
    throw Error(ErrorKind::invalid, fmt::format("{} is to be given more than 4 KiB", program));
  }
  Prepared prepared(command);
  const Descriptor nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  Pipe input, output, report;
  write_all(input.write, command.input, program);
  const int errors = command.errors == Command::Errors::in_output   ? output.write.get()
                     : command.errors == Command::Errors::discarded ? nowhere.get()
                                                                    : STDERR_FILENO;
  const pid_t child = ::fork();
  if (child < 0) fail("run", program);
  const Descriptor& standard_input = command.standard_input ? *command.standard_input : input.read;
  if (child == 0) become(prepared, standard_input.get(), output.write.get(), errors, report.write.get());
  for (Descriptor* end : {&input.read, &input.write, &output.write, &report.write}) end->close();
  Ended ended;
  if (const std::string why = drain(output.read, child, ended.output, timeout); !why.empty()) {
    ::kill(child, SIGKILL);
    wait_for(child);
    throw Error(ErrorKind::unavailable, fmt::format("{} {}", program, why));
  }
  ended.exit_code = wait_for(child);
  throw_if_not_executed(report.read, program);
  return ended;
}

pid_t start_detached(const Command& command, const std::filesystem::path& log) {
  const std::string& program = command.words.at(0);
  Prepared prepared(command);
  const Descriptor nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor output(::open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!output) fail("open", log);
  Pipe born, report;
  const pid_t child = ::fork();
  if (child < 0) fail("run", program);
  if (child == 0) {
    ::setsid();
    const pid_t grandchild = ::fork();
    if (grandchild == 0) become(prepared, nothing.get(), output.get(), output.get(), report.write.get());
    const auto written = ::write(born.write.get(), &grandchild, sizeof grandchild);
    leave(grandchild > 0 && written == static_cast<ssize_t>(sizeof grandchild) ? 0 : 1);
  }
  born.write.close();
  report.write.close();
  pid_t pid = 0;
  const bool told = receive(born.read, pid);
  wait_for(child);
  if (!told || pid <= 0) throw Error(ErrorKind::unavailable, fmt::format("cannot start {}", program));
  throw_if_not_executed(report.read, program);
  return pid;
}

}  // namespace slipway::os
