#include "cli/watch.hpp"

#include <fmt/format.h>

#include <ostream>
#include <thread>

#include "base/json.hpp"
#include "cli/exit_code.hpp"
#include "cli/lines.hpp"
#include "cli/print.hpp"
#include "cli/table.hpp"

namespace slipway::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds poll{25};
constexpr Millis least_interval{100};  // between polls of a server that does not wait

void print_event(Context& context, const json::object& event) {
  context.out << painted(short_time(safe(string_at(event, "at"))), Colour::dim, context.colours) << "  "
              << timeline_line(event, context.colours) << "\n";
}

void print_events(Context& context, const json::object& page, bool as_json) {
  const json::array* events = array_at(page, "events");
  for (std::size_t i = 0; events != nullptr && i < events->size(); ++i) {
    const json::object& event = events->at(i).as_object();
    if (as_json) {
      print_json(context, event);
    } else {
      print_event(context, event);
    }
  }
  context.out << std::flush;
}

}  // namespace

int show_events(Context& context, ApiClient& api, const std::string& tenant, const EventsOptions& options) {
  const TenantId id = api.resolve(tenant);
  json::object page = api.events(id, 0, options.limit, std::chrono::seconds(0));
  if (!options.follow) {
    if (options.json) {
      print_json(context, page);
    } else {
      print_events(context, page, false);
    }
    return exit_ok;
  }
  while (true) {
    print_events(context, page, options.json);
    const json::array* events = array_at(page, "events");
    const bool news = events != nullptr && !events->empty();
    if (context.stop.stop_requested() || !context.out) return exit_ok;
    if (news && string_at(api.tenant(id), "status") == "deleted") return exit_ok;
    const auto asked = std::chrono::steady_clock::now();
    const auto after = static_cast<std::uint64_t>(int_at(page, "last"));
    page = api.events(id, after, 1'000, poll);
    const bool quick = std::chrono::steady_clock::now() - asked < least_interval;
    const json::array* next = array_at(page, "events");
    if (quick && (next == nullptr || next->empty())) std::this_thread::sleep_for(least_interval);
  }
}

int show_logs(Context& context, ApiClient& api, const std::string& tenant, const LogsOptions& options) {
  const TenantId id = api.resolve(tenant);
  LineSplitter lines([&](std::string_view line) {
    if (options.json) {
      print_json(context, json::object{{"line", valid_utf8(line)}});
    } else {
      context.out << safe(line) << "\n" << std::flush;
    }
  });
  const bool raw = !options.json && !context.out_is_terminal;
  const auto chunk = [&](std::string_view piece) {
    if (raw) {
      context.out.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush();
    } else {
      lines.add(piece);
    }
    return context.out.good();
  };
  api.logs(id, options.tail, options.follow, chunk, context.stop);
  lines.finish();
  return exit_ok;
}

int show_stats(Context& context, ApiClient& api, const std::string& tenant, bool json_wanted) {
  const json::object stats = api.stats(api.resolve(tenant));
  if (json_wanted) {
    print_json(context, stats);
    return exit_ok;
  }
  const auto memory = static_cast<std::uint64_t>(int_at(stats, "memoryBytes"));
  const auto limit = static_cast<std::uint64_t>(int_at(stats, "memoryLimitBytes"));
  Facts facts;
  facts.add("memory", limit == 0 ? human_bytes(memory)
                                 : fmt::format("{} of {} ({:.0f} %)", human_bytes(memory), human_bytes(limit),
                                               100.0 * static_cast<double>(memory) / static_cast<double>(limit)));
  const json::value* cpu = stats.if_contains("cpuSeconds");
  facts.add("cpu", cpu != nullptr && cpu->is_number() ? fmt::format("{:.1f} s", cpu->to_number<double>()) : "");
  facts.add("processes", std::to_string(int_at(stats, "pids")));
  facts.print(context.out, context.colours);
  return exit_ok;
}

}  // namespace slipway::cli
