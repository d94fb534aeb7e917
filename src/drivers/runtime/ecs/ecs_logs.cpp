#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/ecs/ecs_runtime.hpp"
#include "drivers/runtime/ecs/task_definition.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

constexpr std::size_t page_limit = 10'000;  // CloudWatch Logs GetLogEvents
constexpr std::chrono::seconds follow_interval{2};

// Waits, but not longer than until `stop`.
bool wait_for_more(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, follow_interval, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

// The task that runs, else the one that ended last. Throws not_found where there is neither.
std::string EcsRuntime::newest_task(const TenantId& tenant) {
  for (const bool stopped : {false, true}) {
    const auto tasks = tasks_.list(family(tenant), stopped);
    if (!tasks.empty()) return string_at(tasks.back(), "taskArn");
  }
  throw Error(ErrorKind::not_found, "ecs: there is no task of " + tenant.value() + " whose output could be shown");
}

void EcsRuntime::logs(const TenantId& tenant, std::size_t tail, bool follow, const Sink& sink, std::stop_token stop) {
  if (options_.place.log_group.empty()) {
    throw Error(ErrorKind::not_found, "ecs: no log group is configured, so the output of tasks is not kept");
  }
  const std::string task = newest_task(tenant);
  json::object input{{"logGroupName", options_.place.log_group},
                     {"logStreamName", log_stream(installation_, tenant, task)},
                     {"limit", std::clamp<std::size_t>(tail, 1, page_limit)},
                     {"startFromHead", false}};
  while (!stop.stop_requested()) {
    json::object answer;
    try {
      answer = clients_.logs.call("GetLogEvents", input);
    } catch (const aws::ServiceError& error) {
      if (error.kind() != ErrorKind::not_found) throw;  // no line was written yet, so there is no stream
    }
    const auto* events = array_at(answer, "events");
    if (events != nullptr) {
      for (const auto& event : *events) {
        if (!sink(string_at(event.as_object(), "message") + "\n")) return;
      }
    }
    if (!follow) return;
    const std::string next = string_at(answer, "nextForwardToken");
    if (!next.empty()) {
      input["nextToken"] = next;
      input["limit"] = page_limit;
    }
    if (events != nullptr && !events->empty()) continue;
    const auto running = tasks_.list(family(tenant), false);
    if (std::none_of(running.begin(), running.end(), [&](const auto& t) { return string_at(t, "taskArn") == task; })) {
      return;
    }
    if (!wait_for_more(stop)) return;
  }
}

}  // namespace slipway::ecs
