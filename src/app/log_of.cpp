#include "app/log_of.hpp"

#include <unistd.h>

namespace slipway {

Log log_of(const Config& config, std::shared_ptr<const Clock> clock) {
  using Style = Config::LogStyle;
  const bool automatic = config.log.format == Style::automatic;
  const bool human = automatic ? isatty(STDERR_FILENO) == 1 : config.log.format == Style::human;
  return Log(human ? LogFormat::human : LogFormat::json, config.log.level, std::move(clock));
}

}  // namespace slipway
