#include "deploy/aws/logs.hpp"

#include <set>
#include <thread>

#include "base/json.hpp"

namespace slipway::deploy {
namespace {
namespace json = boost::json;

constexpr std::chrono::seconds between_log_looks{2};
// Lines arrive late and out of order: what came lately is asked for again, and told once.
constexpr Millis overlap{30'000};

}  // namespace

void read_logs(aws::Client& logs, const LogsOptions& options, const Clock& clock, std::stop_token stop,
               const std::function<void(TimePoint, const std::string&, const std::string&)>& show) {
  TimePoint from = clock.now() - options.since;
  std::set<std::string> told;
  while (true) {
    TimePoint newest = from;
    std::set<std::string> seen;
    std::string next;
    do {
      json::object request{{"logGroupName", options.group}, {"startTime", from.time_since_epoch().count()}};
      if (!next.empty()) request["nextToken"] = next;
      const json::object page = logs.call("FilterLogEvents", request);
      const json::array* events = array_at(page, "events");
      for (std::size_t i = 0; events != nullptr && i < events->size(); ++i) {
        const json::object& event = events->at(i).as_object();
        const std::string id = string_at(event, "eventId");
        const TimePoint at{Millis(int_at(event, "timestamp"))};
        newest = std::max(newest, at);
        seen.insert(id);
        if (told.count(id) == 0) show(at, string_at(event, "logStreamName"), string_at(event, "message"));
      }
      next = string_at(page, "nextToken");
    } while (!next.empty() && !stop.stop_requested());
    if (!options.follow || stop.stop_requested()) return;
    told = std::move(seen);
    from = std::max(from, newest - overlap);
    std::this_thread::sleep_for(between_log_looks);
  }
}

}  // namespace slipway::deploy
