#include "drivers/database/postgres/program.hpp"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/error.hpp"

namespace slipway::postgres {
namespace {

constexpr std::size_t output_limit_bytes = 8 * 1024;

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

[[noreturn]] void fail_errno(std::string_view doing, int error) {
  throw Error(ErrorKind::unavailable, fmt::format("{}: {}", doing, std::strerror(error)));
}

// All that the child needs, made before the fork: in the child of a program with threads only system calls are safe.
struct Prepared {
  Prepared(const std::filesystem::path& program, const Arguments& arguments, const OsUser& as)
      : path(program), words(arguments), user(as) {
    words.insert(words.begin(), path);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
  }

  std::string path;
  Arguments words;
  std::vector<char*> argv;
  const OsUser& user;
  std::string locale = "LC_ALL=C";
  std::string search = "PATH=/usr/bin:/bin";
  char* environment[3] = {locale.data(), search.data(), nullptr};
};

// Ends a child without the last work of our own program, which is not the child's to do (a sanitizer's report of
// threads that only the parent has, for one; _exit would make it).
[[noreturn]] void leave(int code) {
  syscall(SYS_exit_group, code);
  __builtin_unreachable();
}

// In the child. `report` gets the errno of what failed; it closes by itself when the program runs.
[[noreturn]] void become(const Prepared& prepared, int input, int output, int report) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 32; ++number) signal(number, SIG_DFL);  // an ignored signal would stay ignored
  umask(077);
  const OsUser& user = prepared.user;
  const bool is_user = !user.switches || (setgroups(user.groups.size(), user.groups.data()) == 0 &&
                                          setgid(user.gid) == 0 && setuid(user.uid) == 0);
  // Above the standard three and `report`, so that no dup2 overwrites what the next one needs.
  const int high_report = fcntl(report, F_DUPFD_CLOEXEC, 10);
  const int high_input = fcntl(input, F_DUPFD_CLOEXEC, 10);
  const int high_output = fcntl(output, F_DUPFD_CLOEXEC, 10);
  const bool is_ready = is_user && high_report >= 0 && dup2(high_input, 0) == 0 && dup2(high_output, 1) == 1 &&
                        dup2(high_output, 2) == 2 && dup3(high_report, 3, O_CLOEXEC) == 3 && chdir("/") == 0 &&
                        close_range(4, ~0U, 0) == 0;
  if (is_ready) execve(prepared.path.c_str(), prepared.argv.data(), prepared.environment);
  const int error = errno;
  [[maybe_unused]] const auto written = write(is_ready ? 3 : high_report, &error, sizeof error);
  leave(127);
}

struct Pipe {
  Pipe() : Pipe(make()) {}
  Descriptor read;
  Descriptor write;

 private:
  explicit Pipe(std::pair<int, int> ends) : read(ends.first), write(ends.second) {}
  static std::pair<int, int> make() {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) fail_errno("make a pipe", errno);
    return {ends[0], ends[1]};
  }
};

// Whole or nothing: what is sent here is smaller than PIPE_BUF.
template <class T>
bool receive(int fd, T& value) {
  for (;;) {
    const ssize_t got = ::read(fd, &value, sizeof value);
    if (got < 0 && errno == EINTR) continue;
    return got == static_cast<ssize_t>(sizeof value);
  }
}

void throw_if_not_executed(int report, const std::string& path) {
  int error = 0;
  if (receive(report, error)) {
    throw Error(ErrorKind::invalid, fmt::format("cannot run {}: {}", path, std::strerror(error)));
  }
}

int wait_for_child(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// Reads until the other end closes; false at the timeout.
bool drain(int fd, std::string& output, Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    if (left <= Millis(0)) return false;
    pollfd entry{fd, POLLIN, 0};
    if (poll(&entry, 1, static_cast<int>(left.count())) <= 0) continue;
    char buffer[4096];
    const ssize_t got = ::read(fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return true;
    output.append(buffer, static_cast<std::size_t>(got));
    if (output.size() > output_limit_bytes) output.erase(0, output.size() - output_limit_bytes);
  }
}

}  // namespace

OsUser os_user(const std::string& name) {
  if (geteuid() != 0) return {.name = {}, .uid = geteuid(), .gid = getegid(), .groups = {}, .switches = false};
  passwd entry{};
  passwd* found = nullptr;
  std::vector<char> buffer(16 * 1024);
  getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr || entry.pw_uid == 0) {
    throw Error(
        ErrorKind::invalid,
        fmt::format("Postgres does not run as root, and there is no ordinary user \"{}\" to run it as; make one "
                    "(useradd --system {}) or name another",
                    name, name));
  }
  OsUser user{.name = name, .uid = entry.pw_uid, .gid = entry.pw_gid, .groups = {}, .switches = true};
  int count = 64;
  user.groups.resize(static_cast<std::size_t>(count));
  if (getgrouplist(name.c_str(), entry.pw_gid, user.groups.data(), &count) < 0) count = 0;
  user.groups.resize(static_cast<std::size_t>(count));
  return user;
}

ProgramResult run_program(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                          Millis timeout) {
  const Prepared prepared(program, arguments, user);
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  Pipe output;
  Pipe report;
  const pid_t child = fork();
  if (child < 0) fail_errno(fmt::format("run {}", prepared.path), errno);
  if (child == 0) become(prepared, nothing.get(), output.write.get(), report.write.get());
  output.write.close();
  report.write.close();
  ProgramResult result;
  if (!drain(output.read.get(), result.output, timeout)) {
    kill(child, SIGKILL);
    wait_for_child(child);
    throw Error(ErrorKind::unavailable, fmt::format("{} did not end within {}", prepared.path, human(timeout)));
  }
  result.exit_code = wait_for_child(child);
  throw_if_not_executed(report.read.get(), prepared.path);
  return result;
}

pid_t start_detached(const std::filesystem::path& program, const Arguments& arguments, const OsUser& user,
                     const std::filesystem::path& log) {
  const Prepared prepared(program, arguments, user);
  const Descriptor nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor output(open(log.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (output.get() < 0) fail_errno(fmt::format("open {}", log.string()), errno);
  Pipe born;
  Pipe report;
  const pid_t child = fork();
  if (child < 0) fail_errno(fmt::format("run {}", prepared.path), errno);
  if (child == 0) {
    setsid();
    const pid_t grandchild = fork();
    if (grandchild == 0) become(prepared, nothing.get(), output.get(), report.write.get());
    const auto written = write(born.write.get(), &grandchild, sizeof grandchild);
    leave(grandchild > 0 && written == static_cast<ssize_t>(sizeof grandchild) ? 0 : 1);
  }
  born.write.close();
  report.write.close();
  pid_t pid = 0;
  const bool told = receive(born.read.get(), pid);
  wait_for_child(child);
  if (!told || pid <= 0) throw Error(ErrorKind::unavailable, fmt::format("cannot start {}", prepared.path));
  throw_if_not_executed(report.read.get(), prepared.path);
  return pid;
}

bool is_running(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return false;
  const auto end_of_name = line.rfind(')');
  const char state = end_of_name != std::string::npos && end_of_name + 2 < line.size() ? line[end_of_name + 2] : 'X';
  return state != 'Z' && state != 'X';
}

std::vector<pid_t> server_processes(const std::filesystem::path& data_directory) {
  std::vector<pid_t> found;
  std::error_code error;
  const auto wanted = std::filesystem::canonical(data_directory, error);
  if (error) return found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::error_code ignored;  // ended meanwhile, or not ours to look at: then the paths are empty
    const auto directory = std::filesystem::read_symlink(entry.path() / "cwd", ignored);
    const auto program = std::filesystem::read_symlink(entry.path() / "exe", ignored).filename().string();
    // "postgres (deleted)" after an upgrade of the package.
    if (directory != wanted || !program.starts_with("postgres")) continue;
    const pid_t pid = std::stoi(name);
    if (is_running(pid)) found.push_back(pid);
  }
  return found;
}

}  // namespace slipway::postgres
