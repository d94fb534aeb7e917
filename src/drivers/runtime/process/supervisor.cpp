#include "drivers/runtime/process/supervisor.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "os/proc.hpp"
#include "os/signal_safe.hpp"

// The process that forks has many threads, so between fork and exec nothing here may touch the heap or a lock: only
// async-signal-safe calls, on memory that was prepared before.
namespace slipway::process {
namespace {

constexpr int report_wait_ms = 30'000;
constexpr int exit_signal_base = 128;
constexpr int last_reads = 64;  // after the end: more than a pipe holds

// Pointers into a Launch, as execve takes them.
struct Prepared {
  const Launch& launch;
  std::vector<char*> arguments;
  std::vector<char*> environment;
};

bool read_report(int fd, LaunchReport& report) {
  ssize_t got;
  do got = read(fd, &report, sizeof(report));
  while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof(report));
}

bool limit(int resource, std::uint64_t wanted) {
  rlimit now;
  if (getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0) return false;
  if (now.rlim_max != RLIM_INFINITY && wanted > now.rlim_max) wanted = now.rlim_max;
  const rlimit next{wanted, wanted};
  return setrlimit(static_cast<__rlimit_resource>(resource), &next) == 0;
}

[[noreturn]] void fail(int report, LaunchStage stage) {
  const LaunchReport failure{stage, errno};
  os::write_all(report, reinterpret_cast<const char*>(&failure), sizeof(failure));
  _exit(127);
}

// In the child that becomes the tenant's command.
[[noreturn]] void execute(const Prepared& prepared, int output, int report) {
  const Launch& launch = prepared.launch;
  setpgid(0, 0);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  umask(022);
  const bool limited = limit(RLIMIT_CORE, 0) && limit(RLIMIT_DATA, launch.memory_bytes) &&
                       limit(RLIMIT_NOFILE, launch.open_files) && limit(RLIMIT_NPROC, launch.processes);
  if (!limited) fail(report, LaunchStage::limits);
  if (launch.user) {
    const Identity& user = *launch.user;
    // The system calls themselves: the library's functions wait for every thread that it believes to exist here.
    if (syscall(SYS_setgroups, 1, &user.gid) != 0 || syscall(SYS_setresgid, user.gid, user.gid, user.gid) != 0 ||
        syscall(SYS_setresuid, user.uid, user.uid, user.uid) != 0) {
      fail(report, LaunchStage::user);
    }
  }
  if (chdir(launch.work_directory.c_str()) != 0) fail(report, LaunchStage::work_directory);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail(report, LaunchStage::user);
  os::default_signals();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(launch.program.c_str(), prepared.arguments.data(), prepared.environment.data());
  fail(report, LaunchStage::exec);
}

class Supervisor {
 public:
  Supervisor(const Prepared& prepared, int lock, int report)
      : prepared_(prepared), log_bytes_(prepared.launch.log_bytes), lock_(lock), report_(report) {
    head_.add("scope ").add(prepared.launch.scope.c_str()).add("\n");
  }

  [[noreturn]] void run() {
    detach();
    start();
    const int status = watch();
    write_state(true, WIFEXITED(status) ? WEXITSTATUS(status) : exit_signal_base + WTERMSIG(status));
    _exit(0);
  }

 private:
  // Leaves everything of Slipway behind. All signals stay blocked, so that only SIGKILL ends it.
  void detach() {
    setsid();
    os::default_signals();
    prctl(PR_SET_NAME, "sw-supervisor", 0, 0, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    // Its memory is a copy of Slipway's: no other process of the same user may read it.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (chdir("/") != 0) fail(report_, LaunchStage::supervisor);
    keep_descriptors();
    if (pipe2(output_, O_CLOEXEC) != 0) fail(report_, LaunchStage::supervisor);
    open_log();
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    children_ = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (children_ < 0) fail(report_, LaunchStage::supervisor);
  }

  void keep_descriptors() {
    // A description of its own: as long as a copy of the locked one is open, the lock is held.
    directory_ = openat(lock_, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int* const kept[] = {&report_, &directory_, &lock_};
    for (int* fd : kept) *fd = fcntl(*fd, F_DUPFD_CLOEXEC, 16);
    const int null = open("/dev/null", O_RDWR);
    if (null < 0 || report_ < 0 || directory_ < 0 || lock_ < 0) fail(report_, LaunchStage::supervisor);
    for (int fd = 0; fd < 3; ++fd) dup2(null, fd);
    int next = 3;
    for (int* fd : kept) *fd = dup3(*fd, next++, O_CLOEXEC);
    os::close_from(next);
  }

  void start() {
    int executed[2];
    if (pipe2(executed, O_CLOEXEC) != 0) fail(report_, LaunchStage::supervisor);
    command_.pid = _Fork();
    if (command_.pid < 0) fail(report_, LaunchStage::supervisor);
    if (command_.pid == 0) execute(prepared_, output_[1], executed[1]);
    setpgid(command_.pid, command_.pid);
    close(executed[1]);
    close(output_[1]);
    LaunchReport report;
    if (read_report(executed[0], report)) {
      waitpid(command_.pid, nullptr, 0);
      os::write_all(report_, reinterpret_cast<const char*>(&report), sizeof(report));
      _exit(1);
    }
    close(executed[0]);
    command_.start = os::start_of(command_.pid);
    self_ = {getpid(), os::start_of(getpid())};
    if (!write_state(false, 0)) {
      const int code = errno;
      kill(-command_.pid, SIGKILL);
      end_descendants();
      errno = code;
      fail(report_, LaunchStage::state);
    }
    report = {};
    os::write_all(report_, reinterpret_cast<const char*>(&report), sizeof(report));
    close(report_);
    close(lock_);
  }

  // Until the command ends; returns its wait status when nothing of it is left.
  int watch() {
    pollfd fds[] = {{children_, POLLIN, 0}, {output_[0], POLLIN, 0}};
    while (true) {
      if (poll(fds, 2, -1) < 0 && errno != EINTR) break;
      if (fds[1].revents != 0 && !copy_output()) fds[1].fd = -1;
      if (fds[0].revents != 0 && command_ended()) break;
    }
    const int status = end_descendants();
    fcntl(output_[0], F_SETFL, O_NONBLOCK);
    for (int reads = 0; reads < last_reads && copy_output(); ++reads) {
    }
    return status;
  }

  // Collects orphans. The command itself is left as a zombie, so that its group's number stays its own.
  bool command_ended() {
    signalfd_siginfo info;
    while (read(children_, &info, sizeof(info)) > 0) {
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
      const bool listed = kill_children();
      int status = 0;
      const pid_t ended = waitpid(-1, &status, listed ? 0 : WNOHANG);
      if (ended == command_.pid) command_status = status;
      if (ended == 0 || (ended < 0 && errno != EINTR)) return command_status;
    }
  }

  static bool kill_children() {
    const int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    char buffer[4096];
    pid_t pid = 0;
    ssize_t got;
    while ((got = read(fd, buffer, sizeof(buffer))) > 0) {
      for (ssize_t i = 0; i < got; ++i) {
        if (buffer[i] >= '0' && buffer[i] <= '9') {
          pid = pid * 10 + (buffer[i] - '0');
        } else if (pid > 0) {
          kill(pid, SIGKILL);
          pid = 0;
        }
      }
    }
    close(fd);
    return true;
  }

  // False at the end of the output. What cannot be written (a full disk) is dropped: the command must not stand still.
  bool copy_output() {
    char buffer[16'384];
    const ssize_t got = read(output_[0], buffer, sizeof(buffer));
    if (got < 0) return errno == EINTR;
    if (got == 0) return false;
    const auto size = static_cast<std::uint64_t>(got);
    if (log_size_ > 0 && log_size_ + size > log_bytes_) {
      renameat(directory_, "log", directory_, "log.1");
      close(log_);
      open_log();
    }
    if (log_ >= 0) os::write_all(log_, buffer, size);
    log_size_ += size;
    return true;
  }

  void open_log() {
    log_ = openat(directory_, "log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat info;
    log_size_ = log_ >= 0 && fstat(log_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

  // The lines that TenantFiles::state() reads.
  bool write_state(bool exited, int code) {
    os::Text text = head_;
    text.add("supervisor ");
    text.add(static_cast<std::uint64_t>(self_.pid)).add(" ").add(self_.start).add("\ncommand ");
    text.add(static_cast<std::uint64_t>(command_.pid)).add(" ").add(command_.start).add("\n");
    if (exited) text.add("exited ").add(static_cast<std::uint64_t>(code)).add("\n");
    const int fd = openat(directory_, "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    const bool written = os::write_all(fd, text.data, text.size) && fsync(fd) == 0;
    close(fd);
    return written && renameat(directory_, "state.new", directory_, "state") == 0 && fsync(directory_) == 0;
  }

  const Prepared& prepared_;
  const std::uint64_t log_bytes_;
  os::Text head_;
  int directory_ = -1;
  int lock_;
  int report_;
  int output_[2] = {-1, -1};
  int children_ = -1;
  int log_ = -1;
  std::uint64_t log_size_ = 0;
  os::ProcessName self_;
  os::ProcessName command_;
};

}  // namespace

LaunchReport launch(const Launch& launch, int lock) {
  Prepared prepared{launch, {}, {}};
  for (const std::string& word : launch.arguments) prepared.arguments.push_back(const_cast<char*>(word.c_str()));
  for (const Secret& entry : launch.environment) {
    prepared.environment.push_back(const_cast<char*>(entry.reveal().c_str()));
  }
  prepared.arguments.push_back(nullptr);
  prepared.environment.push_back(nullptr);
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) return {LaunchStage::supervisor, errno};

  // Blocked before the fork, so that no handler of this process ever runs in the copy.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t middle = fork();
  if (middle == 0) {
    const pid_t supervisor = _Fork();
    if (supervisor == 0) Supervisor(prepared, lock, report[1]).run();
    _exit(supervisor > 0 ? 0 : 1);
  }
  const int fork_code = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  close(report[1]);
  LaunchReport result{LaunchStage::supervisor, fork_code};
  if (middle > 0) {
    while (waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
    }
    pollfd wait{report[0], POLLIN, 0};
    int ready;
    do ready = poll(&wait, 1, report_wait_ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0 || !read_report(report[0], result)) result = {LaunchStage::supervisor, ready == 0 ? EAGAIN : EIO};
  }
  close(report[0]);
  return result;
}

}  // namespace slipway::process
