#include "os/limits.hpp"

#include <sys/resource.h>

#include <optional>

namespace slipway::os {
namespace {
std::optional<rlim_t> soft_before;  // of the process as a whole, as the limit itself is
}  // namespace

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) == 0) soft_before = before;
}

void give_back_open_files() {
  rlimit limit{};
  if (!soft_before || ::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = *soft_before;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace slipway::os
