#include "os/signal_safe.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

namespace slipway::os {

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

}  // namespace slipway::os
