#include "drivers/runtime/process/signal_safe.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace slipway::process {

Text& Text::add(const char* text) {
  while (*text && size < sizeof(data)) data[size++] = *text++;
  return *this;
}

Text& Text::add(std::uint64_t number) {
  char digits[20];
  int count = 0;
  do digits[count++] = static_cast<char>('0' + number % 10);
  while ((number /= 10) > 0);
  while (count > 0 && size < sizeof(data)) data[size++] = digits[--count];
  return *this;
}

bool write_all(int fd, const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t wrote = write(fd, data, size);
    if (wrote < 0 && errno != EINTR) return false;
    if (wrote < 0) continue;
    data += wrote;
    size -= static_cast<std::size_t>(wrote);
  }
  return true;
}

void default_signals() {
  struct sigaction action = {};
  action.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal) sigaction(signal, &action, nullptr);
}

void close_from(int first) {
  if (close_range(static_cast<unsigned>(first), ~0u, 0) == 0) return;
  const long open_max = sysconf(_SC_OPEN_MAX);  // a kernel before 5.9
  for (int fd = first; fd < open_max; ++fd) close(fd);
}

namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool under_sanitizer = true;
#else
constexpr bool under_sanitizer = false;
#endif

// A line of /proc/self/maps: "7f12a4000000-7f12a4021000 rw-p 00000000 00:00 0   [heap]".
struct Mapping {
  std::uintptr_t begin = 0, end = 0;
  bool writable_private = false;
  bool heap = false;
  bool anonymous = false;
};

std::uintptr_t read_hex(const char*& c) {
  std::uintptr_t value = 0;
  for (;; ++c) {
    const bool digit = *c >= '0' && *c <= '9', letter = *c >= 'a' && *c <= 'f';
    if (!digit && !letter) return value;
    value = value * 16 + static_cast<std::uintptr_t>(digit ? *c - '0' : *c - 'a' + 10);
  }
}

Mapping parse_mapping(const char* line, const char* line_end) {
  Mapping mapping;
  mapping.begin = read_hex(line);
  ++line;
  mapping.end = read_hex(line);
  ++line;
  mapping.writable_private = line[0] == 'r' && line[1] == 'w' && line[2] == '-' && line[3] == 'p';
  while (line_end[-1] == ' ') --line_end;
  mapping.heap = std::string_view(line_end - 6, 6) == "[heap]";
  mapping.anonymous = line_end[-1] == '0' && line_end[-2] == ' ';  // the inode, and no name behind it
  return mapping;
}

void forget(const Mapping& mapping) {
  constexpr std::uintptr_t arena_alignment = 64u << 20;  // of the arenas that glibc gives to threads
  const bool arena = mapping.anonymous && mapping.begin % arena_alignment == 0;
  const auto holds = [&](const void* address) {
    const auto at = reinterpret_cast<std::uintptr_t>(address);
    return at >= mapping.begin && at < mapping.end;
  };
  // This thread's stack and its own variables stay, wherever they are.
  if (!mapping.writable_private || (!mapping.heap && !arena) || holds(&mapping) || holds(&errno)) return;
  madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DONTNEED);
}

// The dynamic linker may look a function up at its first call, in tables on the heap: so these calls, which are made
// later, have their first here.
void bind_calls() {
  siginfo_t info;
  waitid(P_PID, static_cast<id_t>(getpid()), &info, WEXITED | WNOHANG | WNOWAIT);  // no child of its own
  waitpid(getpid(), nullptr, WNOHANG);
  kill(getpid(), 0);
  poll(nullptr, 0, 0);
}

}  // namespace

void forget_heap() {
  if (under_sanitizer) return;
  bind_calls();
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  char buffer[4096], line[256];
  std::size_t length = 0;
  for (ssize_t got; (got = read(fd, buffer, sizeof(buffer))) > 0;) {
    for (ssize_t i = 0; i < got; ++i) {
      if (buffer[i] != '\n') {
        if (length < sizeof(line) - 1) line[length++] = buffer[i];
        continue;
      }
      line[length] = '\0';
      if (length > 32) forget(parse_mapping(line, line + length));
      length = 0;
    }
  }
  close(fd);
}

}  // namespace slipway::process
