#include "drivers/runtime/process/wakeups.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "drivers/runtime/process/tenant_files.hpp"

namespace slipway::process {

Wakeups::Waiter::Waiter(Wakeups& all) : all_(all), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw_errno("make an eventfd", errno);
  std::lock_guard lock(all_.mutex_);
  all_.waiters_.insert(this);
}

Wakeups::Waiter::~Waiter() {
  std::lock_guard lock(all_.mutex_);
  all_.waiters_.erase(this);
}

void Wakeups::Waiter::ring() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = write(fd_.get(), &one, sizeof(one));
}

void Wakeups::Waiter::clear() const {
  std::uint64_t count;
  [[maybe_unused]] const ssize_t got = read(fd_.get(), &count, sizeof(count));
}

void Wakeups::ring() {
  std::lock_guard lock(mutex_);
  for (const Waiter* waiter : waiters_) waiter->ring();
}

}  // namespace slipway::process
