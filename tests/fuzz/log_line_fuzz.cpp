#include <unistd.h>

#include <boost/json.hpp>

#include "base/log.hpp"
#include "tests/fuzz/fuzz.hpp"

// A message and a value go into a log line of either format: one line each, which no terminal acts on and JSON reads.
namespace {

using namespace slipway;

// What was written to standard error meanwhile. The pipe is larger than what a line may have here.
std::string written(const Log& log, const std::string& message, const std::string& value) {
  int ends[2];
  fuzz::require(::pipe(ends) == 0, "a pipe");
  const int kept = ::dup(STDERR_FILENO);
  ::dup2(ends[1], STDERR_FILENO);
  log.info(message, {{"value", value}});
  ::dup2(kept, STDERR_FILENO);
  ::close(kept);
  ::close(ends[1]);
  std::string out(1u << 16, '\0');
  const ssize_t got = ::read(ends[0], out.data(), out.size());
  ::close(ends[0]);
  out.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4'000) return 0;
  fuzz::Input input(data, size);
  const std::string message = input.field();
  const std::string value(input.rest());
  for (const LogFormat format : {LogFormat::human, LogFormat::json}) {
    std::string line = written(Log(format, LogLevel::info), message, value);
    fuzz::require(line.ends_with('\n'), "a line has an end", line);
    line.pop_back();
    fuzz::require(!has_control_characters(line), "a line is one line of UTF-8 without control characters", line);
    if (format == LogFormat::human) continue;
    boost::system::error_code code;
    boost::json::parse(line, code);
    fuzz::require(!code, "a line is JSON", line);
  }
  return 0;
}
