#include "cli/repeat.hpp"

#include <condition_variable>
#include <mutex>
#include <sstream>

namespace slipway::cli {
namespace {

constexpr auto interval = std::chrono::seconds(2);
constexpr const char* clear_screen = "\x1b[H\x1b[2J\x1b[3J";

}  // namespace

int repeat(Context& context, const std::function<int(Context&)>& once) {
  std::mutex mutex;
  std::condition_variable_any pause;
  std::string shown;
  int code = 0;
  while (!context.stop.stop_requested()) {
    std::ostringstream out;
    Context inner{context.in, out, context.err, context.clock, context.version, context.find_server};
    inner.colours = context.colours;
    inner.out_is_terminal = context.out_is_terminal;
    code = once(inner);
    if (out.str() != shown) {
      shown = out.str();
      context.out << (context.out_is_terminal ? clear_screen : "") << shown << std::flush;
      // The reader has gone: head(1), a closed terminal.
      if (!context.out) break;
    }
    std::unique_lock lock(mutex);
    pause.wait_for(lock, context.stop, interval, [] { return false; });
  }
  return code;
}

}  // namespace slipway::cli
