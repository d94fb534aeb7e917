#include "app/log_of.hpp"

#include <unistd.h>

namespace slipway {

Log log_of(const Config& config) {
  const LogFormat by_itself = isatty(STDERR_FILENO) == 1 ? LogFormat::human : LogFormat::json;
  return Log(config.log.format.value_or(by_itself), config.log.level);
}

}  // namespace slipway
