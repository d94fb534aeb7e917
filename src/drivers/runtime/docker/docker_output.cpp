// What an instance says and uses: DockerRuntime's logs and stats.
#include <fmt/format.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "drivers/runtime/docker/container_state.hpp"
#include "drivers/runtime/docker/docker_runtime.hpp"
#include "drivers/runtime/docker/engine_error.hpp"
#include "drivers/runtime/docker/log_frames.hpp"

namespace slipway::docker {
namespace {
constexpr std::size_t exec_failure_lines = 20;
constexpr std::size_t exec_failure_limit_bytes = 16u << 10;
}  // namespace

void DockerRuntime::logs(const TenantId& tenant, std::size_t tail, bool follow, const Sink& sink,
                         std::stop_token stop) {
  const auto container = describe(tenant);
  if (!container) {
    throw Error(ErrorKind::not_found, fmt::format("docker: there is no container {} to read from", name_of(tenant)));
  }
  read_log(string_at(*container, "Id"), tail, follow, sink, stop);
}

void DockerRuntime::read_log(const std::string& id, std::size_t tail, bool follow, const Sink& sink,
                             std::stop_token stop) {
  Call call;
  call.path = fmt::format("/containers/{}/logs?stdout=1&stderr=1&follow={}&tail={}", id, follow ? 1 : 0, tail);
  call.timeout = follow ? Millis(0) : options_.deadlines.call;  // an app may say nothing for days
  LogFrames frames;
  const auto response = engine_.stream(
      call, [&](std::string_view chunk) { return frames.feed(chunk, sink); }, std::move(stop));
  if (response.status >= 400) throw engine_error(response.status, response.body, "read the log of container " + id);
}

// The init's own words about a program that it could not execute; empty where there are none.
std::string DockerRuntime::exec_failure(const std::string& id) {
  constexpr std::string_view mark = "[FATAL tini (";
  std::string text;
  read_log(id, exec_failure_lines, false,
           [&](std::string_view piece) {
             text.append(piece);
             return text.size() < exec_failure_limit_bytes;
           },
           {});
  const auto at = text.rfind(mark);
  if (at == std::string::npos) return {};
  const auto words = text.find("] ", at);
  return words == std::string::npos ? "" : trimmed(text.substr(words + 2, text.find('\n', words) - words - 2));
}

std::optional<InstanceStats> DockerRuntime::stats(const TenantId& tenant) {
  const auto container = describe(tenant);
  if (!container || instance_of_inspect(*container).state != InstanceState::running) return std::nullopt;
  const std::string id = string_at(*container, "Id");
  const auto response = send("GET", "/containers/" + id + "/stats?stream=false&one-shot=true", options_.deadlines.call);
  if (response.status == 404 || response.status == 409) return std::nullopt;  // it has ended meanwhile
  if (response.status != 200) throw engine_error(response.status, response.body, "measure container " + id);
  return stats_of(as_object(response));
}

}  // namespace slipway::docker
