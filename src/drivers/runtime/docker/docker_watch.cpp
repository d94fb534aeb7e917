// The engine's events as hints: DockerRuntime's watch.
#include <fmt/format.h>

#include <condition_variable>

#include "base/backoff.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "drivers/runtime/docker/container_spec.hpp"
#include "drivers/runtime/docker/docker_runtime.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "drivers/runtime/docker/json_lines.hpp"
#include "net/http_date.hpp"

namespace slipway::docker {
namespace {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

constexpr Backoff reconnect{Millis(200), Millis(10'000)};
constexpr std::chrono::seconds steady_after{10};  // a connection that lasted so long was a good one

// The engine's own time, to the second, by the Date of its answer: its events since then lose nothing between two
// connections, whatever our clock says.
std::int64_t engine_time(const net::Response& response) {
  return std::chrono::system_clock::to_time_t(net::date_of(response).value_or(SystemClock().now()));
}

TenantId tenant_of_event(const json::object& event) {
  const auto* actor = object_at(event, "Actor");
  const auto* attributes = actor == nullptr ? nullptr : object_at(*actor, "Attributes");
  return attributes == nullptr ? TenantId() : TenantId(string_at(*attributes, tenant_label));
}

void wait(Millis time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_until(lock, stop, std::chrono::system_clock::now() + time, [] { return false; });
}

}  // namespace

void DockerRuntime::watch(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
                          std::stop_token stop) {
  SystemRandom random;
  unsigned attempt = 0;
  while (!stop.stop_requested()) {
    const auto began = Steady::now();
    try {
      watch_once(changed, missed, stop);
    } catch (const std::exception& error) {
      // Also where the engine, or a proxy in front of it, refuses: events are hints, and the sweep goes on.
      const bool lasted = Steady::now() - began >= steady_after;
      if (attempt == 0 || lasted) log_.warn("docker: no events; trying again", {{"error", error.what()}});
    }
    attempt = Steady::now() - began >= steady_after ? 0 : attempt + 1;
    if (!stop.stop_requested()) wait(reconnect.wait(attempt, random), stop);
  }
}

void DockerRuntime::watch_once(const std::function<void(const TenantId&)>& changed, const std::function<void()>& missed,
                               const std::stop_token& stop) {
  const auto alive = send("GET", "/_ping", options_.deadlines.call);
  if (alive.status != 200) throw engine_error(alive.status, alive.body, "ask whether it is there");
  const json::object filters{
      {"type", json::array{"container"}},
      {"event", json::array{"die", "destroy", "oom"}},
      {"label", json::array{fmt::format("{}={}", installation_label, installation_.value())}},
  };
  Call call;
  call.path = fmt::format("/events?since={}&filters={}", engine_time(alive), encoded_json(filters));
  call.timeout = options_.deadlines.watch_silence;
  missed();
  JsonLines lines;
  const auto response = engine_.stream(
      call,
      [&](std::string_view chunk) {
        lines.feed(chunk, [&](const json::object& event) {
          const TenantId tenant = tenant_of_event(event);
          if (!tenant.value().empty()) changed(tenant);
        });
        return true;
      },
      stop);
  if (response.status >= 400) throw engine_error(response.status, response.body, "ask for events");
}

}  // namespace slipway::docker
