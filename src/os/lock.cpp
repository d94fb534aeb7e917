#include "os/lock.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <thread>

#include "os/file.hpp"

namespace slipway::os {
namespace {

constexpr Millis poll_interval{5};

}  // namespace

bool lock_within(const Descriptor& file, Millis timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) fail("lock", "a file");
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::min(poll_interval, timeout));
  }
  return true;
}

Descriptor lock_file(const std::filesystem::path& path, Millis timeout) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file) fail("open", path);
  return lock_within(file, timeout) ? std::move(file) : Descriptor();
}

}  // namespace slipway::os
