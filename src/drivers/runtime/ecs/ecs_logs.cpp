#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/ecs/ecs_runtime.hpp"
#include "drivers/runtime/ecs/task_definition.hpp"

namespace slipway::ecs {
namespace {

namespace json = boost::json;

constexpr std::size_t page_limit = 10'000;  // CloudWatch Logs GetLogEvents
constexpr std::chrono::seconds follow_interval{2};

// The events of one task's log stream, a page at a time.
class TaskLog : public PieceSource {
 public:
  TaskLog(aws::Client& client, json::object input, bool follow, std::function<bool()> running)
      : client_(client), input_(std::move(input)), follow_(follow), running_(std::move(running)) {}

  State pull(std::string& out) override {
    json::object answer;
    try {
      answer = client_.call("GetLogEvents", input_);
    } catch (const aws::ServiceError& error) {
      if (error.kind() != ErrorKind::not_found) throw;  // no line was written yet, so there is no stream
    }
    const auto* events = array_at(answer, "events");
    const bool any = events != nullptr && !events->empty();
    if (any) {
      for (const auto& event : *events) out += string_at(event.as_object(), "message") + "\n";
    }
    if (!follow_) return State::ended;
    const std::string next = string_at(answer, "nextForwardToken");
    if (!next.empty()) {
      input_["nextToken"] = next;
      input_["limit"] = page_limit;
    }
    if (any) return State::more;
    return running_() ? State::waiting : State::ended;
  }
  Millis pause() const override { return follow_interval; }

 private:
  aws::Client& client_;
  json::object input_;
  const bool follow_;
  const std::function<bool()> running_;
};

}  // namespace

// The task that runs, else the one that ended last. Throws not_found where there is neither.
std::string EcsRuntime::newest_task(const TenantId& tenant) {
  for (const bool stopped : {false, true}) {
    const auto tasks = tasks_.list(family(tenant), stopped);
    if (!tasks.empty()) return string_at(tasks.back(), "taskArn");
  }
  throw Error(ErrorKind::not_found, "ecs: there is no task of " + tenant.value() + " whose output could be shown");
}

std::unique_ptr<PieceSource> EcsRuntime::open_logs(const TenantId& tenant, std::size_t tail, bool follow,
                                                   std::stop_token) {
  if (options_.place.log_group.empty()) {
    throw Error(ErrorKind::not_found, "ecs: no log group is configured, so the output of tasks is not kept");
  }
  const std::string task = newest_task(tenant);
  json::object input{{"logGroupName", options_.place.log_group},
                     {"logStreamName", log_stream(installation_, tenant, task)},
                     {"limit", std::clamp<std::size_t>(tail, 1, page_limit)},
                     {"startFromHead", false}};
  const auto running = [this, tenant, task] {
    const auto tasks = tasks_.list(family(tenant), false);
    return std::any_of(tasks.begin(), tasks.end(), [&](const auto& t) { return string_at(t, "taskArn") == task; });
  };
  return std::make_unique<TaskLog>(clients_.logs, std::move(input), follow, running);
}

}  // namespace slipway::ecs
