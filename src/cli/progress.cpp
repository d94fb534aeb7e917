#include "cli/progress.hpp"

#include <fmt/format.h>

#include <ostream>
#include <thread>

#include "base/json.hpp"
#include "cli/print.hpp"
#include "cli/text.hpp"

namespace slipway::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view clear_line = "\r\x1b[K";
constexpr std::size_t live_line_columns = 70;
constexpr std::size_t events_page = 200;
// A server that answers at once, although it was asked to wait, is not asked more often than this.
constexpr Millis least_interval{100};

std::string cut(const std::string& text, std::size_t columns) {
  std::string out;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (begins && display_width(out) >= columns) return out + "…";
    out += c;
  }
  return out;
}

}  // namespace

ProgressView::ProgressView(Context& context, bool quiet)
    : context_(context), quiet_(quiet), began_(context.clock.now()) {}

void ProgressView::show(const json::object& event) {
  if (quiet_) return;
  clear();
  if (string_at(event, "kind") == "progress" && context_.out_is_terminal) {
    doing_ = safe(string_at(event, "message"));
  } else {
    doing_.clear();
    context_.out << "  " << timeline_line(event, context_.colours) << "\n";
  }
  tick();
  context_.out << std::flush;
}

void ProgressView::tick() {
  if (quiet_ || !context_.out_is_terminal) return;
  const std::string line = fmt::format("  … {}", cut(doing_.empty() ? "working" : doing_, live_line_columns));
  context_.out << clear_line << painted(line, Colour::dim, context_.colours) << " "
               << short_age(began_, context_.clock.now()) << std::flush;
}

void ProgressView::clear() {
  if (!quiet_ && context_.out_is_terminal) context_.out << clear_line << std::flush;
}

Waited wait_for(Context& context, ApiClient& api, const TenantId& id, std::uint64_t after, Millis timeout,
                ProgressView& view, const std::function<bool(const json::object&)>& done) {
  using std::chrono::seconds;
  const TimePoint deadline = context.clock.now() + timeout;
  // What happened since the last look, which the server may hold back for `hold`; false where there was nothing.
  const auto show_news = [&](seconds hold) {
    const json::object page = api.events(id, after, events_page, hold);
    const json::array* events = array_at(page, "events");
    for (std::size_t i = 0; events != nullptr && i < events->size(); ++i) {
      if (const auto* event = events->at(i).if_object()) view.show(*event);
    }
    after = std::max(after, static_cast<std::uint64_t>(int_at(page, "last")));
    return events != nullptr && !events->empty();
  };
  Waited waited;
  seconds hold{0};
  while (true) {
    const auto asked = std::chrono::steady_clock::now();
    const bool news = show_news(hold);
    waited.tenant = api.tenant(id);
    waited.done = done(waited.tenant);
    if (waited.done || context.clock.now() >= deadline || context.stop.stop_requested()) break;
    view.tick();
    if (!news && hold.count() > 0 && std::chrono::steady_clock::now() - asked < least_interval) {
      std::this_thread::sleep_for(least_interval);
    }
    // A terminal's last line counts the seconds.
    const auto left = std::chrono::ceil<seconds>(deadline - context.clock.now());
    hold = std::clamp(left, seconds(1), seconds(context.out_is_terminal ? 1 : 20));
  }
  show_news(seconds(0));  // what happened between the last look and the end
  view.clear();
  return waited;
}

}  // namespace slipway::cli
