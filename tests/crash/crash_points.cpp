// Kills the process that loads this with LD_PRELOAD at a point of its dealings with the world. The world changes only
// through system calls, so a kill between two steps, or between two writes of the ledger, is a kill around one of the
// calls below: sending to Docker, Postgres and the API's clients, writing the ledger, writing mail into the outbox.
//
// The test and the process share a page (SLIPWAY_CRASH_CONTROL names its file; matrix.py knows the same layout): the
// test arms it with the name of a point and how often it is to be passed; each point passed is noted there.
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "tests/crash/crash_names.hpp"

namespace crash {
namespace {

enum Mode : std::uint32_t { idle = 0, recording = 1, armed = 2, killed = 3 };

struct Control {
  std::atomic<std::uint32_t> mode;
  std::uint32_t nth;  // of the target's passings, from 1
  std::uint32_t seen;
  std::uint32_t noted_bytes;
  char target[240];
  char noted[64 * 1024 - 256];  // one name a line
};

class Points {
 public:
  Points() {
    const char* file = ::getenv("SLIPWAY_CRASH_CONTROL");
    const char* outbox = ::getenv("SLIPWAY_CRASH_OUTBOX");
    if (file == nullptr || outbox == nullptr) return;
    outbox_ = outbox;
    const int fd = ::open(file, O_RDWR | O_CLOEXEC);
    void* page = fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) {
      std::perror("crash points: SLIPWAY_CRASH_CONTROL");
      ::_exit(97);
    }
    ::close(fd);
    control_ = static_cast<Control*>(page);
    pid_ = ::getpid();
    // Only this process is to be killed, not the Postgres that it starts.
    ::unsetenv("LD_PRELOAD");
    ::unsetenv("SLIPWAY_CRASH_CONTROL");
  }

  bool on() const {
    if (control_ == nullptr) return false;
    const std::uint32_t mode = control_->mode.load(std::memory_order_acquire);
    return (mode == recording || mode == armed) && ::getpid() == pid_;
  }

  void pass(const std::string& name) {
    std::lock_guard lock(mutex_);
    if (!on()) return;
    const std::string line = name + "\n";
    if (control_->noted_bytes + line.size() <= sizeof control_->noted) {
      line.copy(control_->noted + control_->noted_bytes, line.size());
      control_->noted_bytes += static_cast<std::uint32_t>(line.size());
    }
    if (control_->mode.load() != armed || name != control_->target || ++control_->seen != control_->nth) return;
    control_->mode.store(killed);
    ::kill(pid_, SIGKILL);
    for (;;) ::pause();
  }

  // What this descriptor is a file of: "ledger", "outbox", or nothing that matters.
  std::string file_of(int fd) const {
    char path[PATH_MAX];
    const ssize_t size = ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path);
    return size <= 0 ? "" : kind_of(std::string_view(path, static_cast<std::size_t>(size)));
  }

  std::string kind_of(std::string_view path) const {
    if (path.ends_with("/ledger.db-wal")) return "ledger";
    if (path.starts_with(outbox_)) return path == outbox_ ? "outbox directory" : "outbox file";
    return "";
  }

  // The request that was sent on a socket and whose answer is still to come.
  void expect_answer(int fd, const std::string& name) {
    std::lock_guard lock(mutex_);
    expected_[fd] = name;
  }
  void answer_came(int fd) {
    std::string name;
    {
      std::lock_guard lock(mutex_);
      const auto found = expected_.find(fd);
      if (found == expected_.end()) return;
      name = found->second;
      expected_.erase(found);
    }
    pass(name + ": answered");
  }

  // A transaction of the ledger is one or more writes to its log, then a sync.
  bool begin_transaction() { return !writing_.exchange(true); }
  bool end_transaction() { return writing_.exchange(false); }

 private:
  Control* control_ = nullptr;
  std::string outbox_;
  pid_t pid_ = 0;
  std::mutex mutex_;
  std::map<int, std::string> expected_;
  std::atomic<bool> writing_ = false;
};

// Set once this library is loaded, and never destroyed: threads run until the very end.
std::atomic<Points*> loaded = nullptr;

Points& points() { return *loaded; }

bool on() { return loaded.load() != nullptr && points().on(); }

__attribute__((constructor)) void load() { loaded = new Points; }

template <class Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

template <class Call>
ssize_t sending(int fd, std::string_view bytes, Call&& call) {
  if (!on()) return call();
  const std::string name = name_of_sent(bytes);
  if (name.empty()) return call();
  points().pass(name + ": before");
  if (!name.starts_with("api")) points().expect_answer(fd, name);
  const ssize_t result = call();
  const int code = errno;
  points().pass(name + ": sent");
  errno = code;
  return result;
}

template <class Call>
ssize_t receiving(int fd, int flags, Call&& call) {
  const ssize_t result = call();
  const int code = errno;
  if (result > 0 && (flags & MSG_PEEK) == 0 && on()) points().answer_came(fd);
  errno = code;
  return result;
}

template <class Call>
auto around(const std::string& name, Call&& call) {
  points().pass(name + ": before");
  const auto result = call();
  const int code = errno;
  points().pass(name + ": done");
  errno = code;
  return result;
}

template <class Call>
ssize_t writing_file(int fd, Call&& call) {
  if (!on()) return call();
  const std::string file = points().file_of(fd);
  if (file == "outbox file") return around("outbox write", call);
  if (file != "ledger" || !points().begin_transaction()) return call();
  points().pass("ledger write: before");
  const ssize_t result = call();
  const int code = errno;
  points().pass("ledger write: torn");
  errno = code;
  return result;
}

template <class Call>
int syncing(int fd, Call&& call) {
  if (!on()) return call();
  const std::string file = points().file_of(fd);
  if (file.starts_with("outbox")) return around("outbox sync of the " + file.substr(7), call);
  if (file != "ledger" || !points().end_transaction()) return call();
  points().pass("ledger write: written");
  const int result = call();
  const int code = errno;
  points().pass("ledger write: done");
  errno = code;
  return result;
}

std::string_view first_piece(const iovec* pieces, std::size_t count) {
  return count == 0 ? std::string_view()
                    : std::string_view(static_cast<const char*>(pieces[0].iov_base), pieces[0].iov_len);
}

std::string_view text(const void* bytes, std::size_t size) { return {static_cast<const char*>(bytes), size}; }

}  // namespace
}  // namespace crash

using namespace crash;

extern "C" {

ssize_t send(int fd, const void* bytes, size_t size, int flags) {
  static const auto real = next<decltype(&send)>("send");
  return sending(fd, text(bytes, size), [&] { return real(fd, bytes, size, flags); });
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  static const auto real = next<decltype(&sendmsg)>("sendmsg");
  return sending(fd, first_piece(message->msg_iov, message->msg_iovlen), [&] { return real(fd, message, flags); });
}

ssize_t recv(int fd, void* into, size_t size, int flags) {
  static const auto real = next<decltype(&recv)>("recv");
  return receiving(fd, flags, [&] { return real(fd, into, size, flags); });
}

ssize_t recvmsg(int fd, msghdr* message, int flags) {
  static const auto real = next<decltype(&recvmsg)>("recvmsg");
  return receiving(fd, flags, [&] { return real(fd, message, flags); });
}

ssize_t write(int fd, const void* bytes, size_t size) {
  static const auto real = next<decltype(&write)>("write");
  return writing_file(fd, [&] { return real(fd, bytes, size); });
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t offset) {
  static const auto real = next<decltype(&pwrite64)>("pwrite64");
  return writing_file(fd, [&] { return real(fd, bytes, size, offset); });
}

int fsync(int fd) {
  static const auto real = next<decltype(&fsync)>("fsync");
  return syncing(fd, [&] { return real(fd); });
}

int fdatasync(int fd) {
  static const auto real = next<decltype(&fdatasync)>("fdatasync");
  return syncing(fd, [&] { return real(fd); });
}

int rename(const char* from, const char* to) noexcept {
  static const auto real = next<int (*)(const char*, const char*)>("rename");
  if (!on() || points().kind_of(to).empty()) return real(from, to);
  return around("outbox rename", [&] { return real(from, to); });
}

int open(const char* path, int flags, ...) {
  static const auto real = next<int (*)(const char*, int, ...)>("open");
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (!on() || (flags & O_CREAT) == 0 || points().kind_of(path) != "outbox file") return real(path, flags, mode);
  return around("outbox create", [&] { return real(path, flags, mode); });
}
}
