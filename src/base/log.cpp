#include "base/log.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <boost/json.hpp>

#include "base/clock.hpp"
#include "base/text.hpp"

namespace slipway {
namespace {

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warn:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

constexpr std::string_view name_of(LogLevel level) {
  constexpr std::string_view names[] = {"debug", "info", "warn", "error"};
  return names[static_cast<int>(level)];
}

// A value for a person: bare where it is one plain word, else quoted and escaped as JSON does it.
std::string human_value(std::string_view value) {
  const bool plain = !value.empty() && value.find_first_of(" \"=\\") == std::string_view::npos &&
                     std::none_of(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return plain ? std::string(value) : boost::json::serialize(boost::json::string(value));
}

}  // namespace

Log::Log(LogFormat format, LogLevel level, std::shared_ptr<const Clock> clock)
    : format_(format), clock_(std::move(clock)) {
  logger_ = std::make_shared<spdlog::logger>("slipway", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  logger_->set_level(spdlog_level(level));
  logger_->set_pattern(format == LogFormat::human ? "%H:%M:%S.%e %^%-5l%$ %v" : "%v");
  logger_->flush_on(spdlog::level::debug);
}

Log Log::silent() { return Log(); }

bool Log::writes(LogLevel level) const { return logger_ && logger_->should_log(spdlog_level(level)); }

void Log::write(LogLevel level, std::string_view message, Fields fields) const {
  if (!writes(level)) return;
  const TimePoint now = clock_->now();
  std::string line;
  if (format_ == LogFormat::human) {
    line = message;
    for (const auto& [key, value] : fields) line += fmt::format("  {}={}", key, human_value(value));
  } else {
    boost::json::object object;
    object["time"] = to_rfc3339(now);
    object["level"] = name_of(level);
    object["message"] = message;
    for (const auto& [key, value] : fields) object[key] = value;
    line = boost::json::serialize(object);
  }
  // What a terminal would act on although JSON lets it stand, and bytes that are no text.
  logger_->log(now, spdlog::source_loc(), spdlog_level(level), spdlog::string_view_t(without_controls(line)));
}

}  // namespace slipway
