#pragma once
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.hpp"

namespace spdlog {
class logger;
}

namespace slipway {

enum class LogLevel { debug, info, warn, error };
enum class LogFormat { human, json };

// Structured lines on standard error: a message and named fields, written for people or as one JSON object a line.
// Control characters in values are escaped, so a value can never forge a line. Cheap to copy; thread-safe.
class Log {
 public:
  using Fields = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // `clock` tells the lines' times: the one that rows have theirs from.
  Log(LogFormat format, LogLevel level, std::shared_ptr<const Clock> clock = std::make_shared<SystemClock>());
  static Log silent();

  // Whether lines of this level are written: for those whose fields cost something to make.
  bool writes(LogLevel level) const;

  void debug(std::string_view message, Fields fields = {}) const { write(LogLevel::debug, message, fields); }
  void info(std::string_view message, Fields fields = {}) const { write(LogLevel::info, message, fields); }
  void warn(std::string_view message, Fields fields = {}) const { write(LogLevel::warn, message, fields); }
  void error(std::string_view message, Fields fields = {}) const { write(LogLevel::error, message, fields); }

 private:
  Log() = default;
  void write(LogLevel level, std::string_view message, Fields fields) const;

  LogFormat format_ = LogFormat::human;
  std::shared_ptr<spdlog::logger> logger_;
  std::shared_ptr<const Clock> clock_;
};

}  // namespace slipway
