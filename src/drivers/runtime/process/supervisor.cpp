#include "drivers/runtime/process/supervisor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "drivers/runtime/process/command.hpp"
#include "os/child.hpp"
#include "os/file.hpp"
#include "os/signal_safe.hpp"

namespace slipway::process {
namespace {

constexpr Millis report_wait{30'000};
constexpr int exit_signal_base = 128;
constexpr int last_reads = 64;  // after the end: more than a pipe holds

enum class Stage : int { user, work_directory, limits, exec };

// Where the command's own process failed before it became the command, with its errno.
struct Failure {
  Stage stage = Stage::exec;
  int code = 0;
};

Error not_executed(const Failure& failure, const std::string& program, const std::string& work) {
  const auto error = [&](ErrorKind kind, const std::string& text) {
    return Error(kind, fmt::format("process runtime: {}: {}", text, std::strerror(failure.code)));
  };
  // ETXTBSY is a program that is just being written.
  const bool passes = failure.code == EAGAIN || failure.code == ENOMEM || failure.code == ETXTBSY;
  switch (failure.stage) {
    case Stage::user:
      return error(ErrorKind::forbidden, "cannot become the tenants' user");
    case Stage::limits:
      return error(ErrorKind::internal, "cannot set the resource limits");
    case Stage::work_directory:
      return error(
          ErrorKind::invalid,
          fmt::format("the tenants' user cannot enter {} (open the directories above it to it: chmod o+x)", work));
    case Stage::exec:
      break;
  }
  return error(passes ? ErrorKind::unavailable : ErrorKind::invalid,
               fmt::format("cannot execute {} (see app.command)", program));
}

bool limit(__rlimit_resource resource, std::uint64_t wanted) {
  rlimit now;
  if (getrlimit(resource, &now) != 0) return false;
  if (now.rlim_max != RLIM_INFINITY && wanted > now.rlim_max) wanted = now.rlim_max;
  const rlimit next{wanted, wanted};
  return setrlimit(resource, &next) == 0;
}

// The process that becomes the tenant's command.
class Execution {
 public:
  Execution(const TenantFiles& files, const ProcessOptions& options) : options_(options) {
    const std::optional<StoredSpec> stored = files.spec();
    if (!stored) throw Error(ErrorKind::not_found, "process runtime: the instance is gone");
    const InstanceSpec& spec = stored->spec;
    words_ = spec.command;
    program_ = find_program(spec.command.front(), options.path);
    environment_ = command_environment(spec, files, options.path);
    work_ = files.work().string();
    memory_bytes_ = spec.plan.memory_bytes;
    if (options.user.empty() || geteuid() != 0) return;
    user_ = find_user(options.user);
    give_to(files.work(), *user_);
    for (const VolumeSpec& volume : spec.volumes) give_to(files.volume(volume.name), *user_);
  }

  // Returns the process, which writes to `output`.
  pid_t start(int output) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) throw_errno("start a command", errno);
    const pid_t command = fork();
    if (command < 0) throw_errno("start a command", errno);
    if (command == 0) {
      const Failure failure{become(output), errno};
      os::write_all(report[1], reinterpret_cast<const char*>(&failure), sizeof(failure));
      _exit(127);
    }
    setpgid(command, command);
    close(report[1]);
    Failure failure;
    if (read(report[0], &failure, sizeof(failure)) == sizeof(failure)) {
      waitpid(command, nullptr, 0);
      throw not_executed(failure, program_, work_);
    }
    close(report[0]);
    return command;
  }

 private:
  // Returns what failed.
  Stage become(int output) {
    std::vector<char*> words, environment;
    for (std::string& word : words_) words.push_back(word.data());
    for (const Secret& entry : environment_) environment.push_back(const_cast<char*>(entry.reveal().c_str()));
    words.push_back(nullptr);
    environment.push_back(nullptr);
    setpgid(0, 0);
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    umask(022);
    if (!limit(RLIMIT_CORE, 0) || !limit(RLIMIT_DATA, memory_bytes_) || !limit(RLIMIT_NOFILE, options_.open_files) ||
        !limit(RLIMIT_NPROC, options_.processes)) {
      return Stage::limits;
    }
    if (user_ && (setgroups(1, &user_->gid) != 0 || setgid(user_->gid) != 0 || setuid(user_->uid) != 0)) {
      return Stage::user;
    }
    if (chdir(work_.c_str()) != 0) return Stage::work_directory;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Stage::user;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execve(program_.c_str(), words.data(), environment.data());
    return Stage::exec;
  }

  const ProcessOptions& options_;
  std::vector<std::string> words_;
  std::string program_, work_;
  std::vector<Secret> environment_;
  std::optional<os::Owner> user_;
  std::uint64_t memory_bytes_ = 0;
};

class Supervisor {
 public:
  Supervisor(TenantFiles files, ProcessOptions options) : files_(std::move(files)), options_(std::move(options)) {}

  // Returns when the command runs and the state is on disk; throws when neither does.
  void start() {
    setsid();
    prctl(PR_SET_NAME, "sw-supervisor", 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no tenant's process reads what is in its memory
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    children_ = os::Descriptor(signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
    int ends[2];
    if (chdir("/") != 0 || !children_ || pipe2(ends, O_CLOEXEC) != 0) throw_errno("start a supervisor", errno);
    output_ = os::Descriptor(ends[0]);
    const os::Descriptor command_output(ends[1]);
    Execution execution(files_, options_);
    const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    const os::Descriptor lock(fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    dup2(null, STDIN_FILENO);
    open_log();
    command_.pid = execution.start(command_output.get());
    command_.start = os::start_of(command_.pid);
    try {
      write_state("");
    } catch (const Error&) {
      end_descendants();
      throw;
    }
  }

  // Until the command ends and nothing of it is left.
  void watch() {
    pollfd fds[] = {{children_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}};
    while (true) {
      if (poll(fds, 2, -1) < 0 && errno != EINTR) break;
      if (fds[1].revents != 0 && !copy_output()) fds[1].fd = -1;
      if (fds[0].revents != 0 && command_ended()) break;
    }
    const int status = end_descendants();
    fcntl(output_.get(), F_SETFL, O_NONBLOCK);
    for (int reads = 0; reads < last_reads && copy_output(); ++reads) {
    }
    write_state(
        fmt::format("exited {}\n", WIFEXITED(status) ? WEXITSTATUS(status) : exit_signal_base + WTERMSIG(status)));
    files_.tell_watchers();
  }

 private:
  // Collects orphans. The command itself is left as a zombie, so that its group's number stays its own.
  bool command_ended() {
    signalfd_siginfo info;
    while (read(children_.get(), &info, sizeof(info)) > 0) {
    }
    while (true) {
      siginfo_t child = {};
      if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) != 0 || child.si_pid == 0) return false;
      if (child.si_pid == command_.pid) return true;
      waitpid(child.si_pid, nullptr, 0);
    }
  }

  // Kills until no child is left: who loses its parent becomes a child of this process.
  int end_descendants() {
    int command_status = 0;
    kill(-command_.pid, SIGKILL);
    while (true) {
      std::ifstream children("/proc/thread-self/children");
      const bool listed = children.is_open();
      for (pid_t pid; children >> pid;) kill(pid, SIGKILL);
      int status = 0;
      const pid_t ended = waitpid(-1, &status, listed ? 0 : WNOHANG);
      if (ended == command_.pid) command_status = status;
      if (ended == 0 || (ended < 0 && errno != EINTR)) return command_status;
    }
  }

  // False at the end of the output. What cannot be written (a full disk) is dropped: the command must not stand still.
  bool copy_output() {
    char buffer[16'384];
    const ssize_t got = read(output_.get(), buffer, sizeof(buffer));
    if (got < 0) return errno == EINTR;
    if (got == 0) return false;
    const auto size = static_cast<std::uint64_t>(got);
    if (log_size_ > 0 && log_size_ + size > options_.log_bytes) {
      rename(files_.log().c_str(), files_.old_log().c_str());
      open_log();
    }
    if (log_) os::write_all(log_.get(), buffer, size);
    log_size_ += size;
    return true;
  }

  void open_log() {
    log_ = os::Descriptor(open(files_.log().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    struct stat info;
    log_size_ = log_ && fstat(log_.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

  // The lines that TenantFiles::state() reads.
  void write_state(const std::string& end) const {
    os::replace_private_file(files_.state_file(),
                             fmt::format("scope {}\nsupervisor {} {}\ncommand {} {}\n{}", files_.scope(), getpid(),
                                         os::start_of(getpid()), command_.pid, command_.start, end));
  }

  const TenantFiles files_;
  const ProcessOptions options_;
  os::ProcessName command_;
  os::Descriptor output_, children_, log_;
  std::uint64_t log_size_ = 0;
};

// What the supervisor says to `launch`: nothing else than this means that it died.
constexpr std::string_view running = "running";

}  // namespace

int supervise(const std::vector<std::string>& words) {
  if (words.size() != 6) return 2;
  // Only SIGKILL is to end it.
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, nullptr);
  const pid_t supervisor = fork();
  if (supervisor != 0) return supervisor > 0 ? 0 : 1;  // so that it is nobody's child
  const auto report = [](const std::string& text) {
    os::write_all(STDOUT_FILENO, text.data(), text.size());
    dup2(STDIN_FILENO, STDOUT_FILENO);
  };
  try {
    const ProcessOptions options{.directory = {},
                                 .user = words[2],
                                 .path = words[1],
                                 .log_bytes = std::stoull(words[3]),
                                 .open_files = std::stoull(words[4]),
                                 .processes = std::stoull(words[5])};
    Supervisor run{TenantFiles(words[0]), options};
    try {
      run.start();
    } catch (const Error& error) {
      report(fmt::format("{} {}", static_cast<int>(error.kind()), error.message()));
      return 1;
    }
    report(std::string(running));
    run.watch();
  } catch (const std::exception&) {
    return 1;  // nobody listens any more: that it ended without a record is seen
  }
  return 0;
}

void launch(const TenantFiles& files, const ProcessOptions& options, const os::Descriptor& lock) {
  const os::Command command{.words = {"/proc/self/exe", "supervise", files.directory().string(), options.path,
                                      options.user, std::to_string(options.log_bytes),
                                      std::to_string(options.open_files), std::to_string(options.processes)},
                            .environment = std::vector<std::string>{},
                            .standard_input = &lock,
                            .errors = os::Command::Errors::discarded};
  const std::string said = os::run(command, report_wait).output;
  if (said == running) return;
  std::istringstream words(said);
  int kind = 0;
  std::string message;
  if (!(words >> kind) || !std::getline(words >> std::ws, message, '\0')) {
    throw Error(ErrorKind::unavailable, "process runtime: cannot start a supervisor");
  }
  throw Error(static_cast<ErrorKind>(kind), message);
}

}  // namespace slipway::process
