// Loaded into a server with LD_PRELOAD, sets its clock (and that of nobody else) forward or back while it runs: by the
// milliseconds in the file that SLIPWAY_CLOCK_SHIFT names, which the test writes. Steady clocks go on as they are, as
// they do when somebody sets a machine's clock.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdio>

namespace {

using Shift = std::atomic<std::int64_t>;

Shift* open_shift() {
  const char* file = ::getenv("SLIPWAY_CLOCK_SHIFT");
  if (file == nullptr) return nullptr;
  const int fd = ::open(file, O_RDONLY | O_CLOEXEC);
  void* page = fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(Shift), PROT_READ, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    std::perror("clock shift: SLIPWAY_CLOCK_SHIFT");
    ::_exit(97);
  }
  ::close(fd);
  ::unsetenv("LD_PRELOAD");  // the Postgres that this process starts keeps its clock
  ::unsetenv("SLIPWAY_CLOCK_SHIFT");
  return static_cast<Shift*>(page);
}

const Shift* const shift = open_shift();

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  static const auto real = reinterpret_cast<int (*)(clockid_t, timespec*)>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int result = real(clock, time);
  if (result != 0 || clock != CLOCK_REALTIME || shift == nullptr) return result;
  const std::int64_t millis = shift->load(std::memory_order_relaxed);
  time->tv_sec += millis / 1000;
  time->tv_nsec += millis % 1000 * 1'000'000;
  if (time->tv_nsec >= 1'000'000'000) ++time->tv_sec, time->tv_nsec -= 1'000'000'000;
  if (time->tv_nsec < 0) --time->tv_sec, time->tv_nsec += 1'000'000'000;
  return result;
}
