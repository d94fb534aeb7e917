// What an instance says and uses: DockerRuntime's logs and stats.
#include <fmt/format.h>

#include <chrono>

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
constexpr std::size_t refusal_limit_bytes = 16u << 10;

Call log_call(const std::string& id, std::size_t tail, bool follow, Millis timeout) {
  Call call;
  call.path = fmt::format("/containers/{}/logs?stdout=1&stderr=1&follow={}&tail={}", id, follow ? 1 : 0, tail);
  call.timeout = timeout;
  return call;
}

// What a container prints, taken out of the engine's frames.
class ContainerLog : public PieceSource {
 public:
  // `silence_limit` 0: the app may say nothing for days.
  ContainerLog(std::unique_ptr<net::HttpStream> stream, std::string id, Millis silence_limit)
      : stream_(std::move(stream)), id_(std::move(id)), silence_limit_(silence_limit) {}

  State pull(std::string& out) override {
    std::string raw;
    const State state = with_context("docker", [&] { return stream_->pull(raw); });
    const auto now = std::chrono::steady_clock::now();
    if (!raw.empty()) heard_at_ = now;
    if (state == State::waiting && silence_limit_ > Millis(0) && now - heard_at_ > silence_limit_) {
      throw Error(ErrorKind::unavailable, fmt::format("docker: no more of the log of container {} came", id_));
    }
    if (stream_->status() >= 400) {
      refusal_ += raw.substr(0, refusal_limit_bytes - refusal_.size());
      if (state != State::ended && refusal_.size() < refusal_limit_bytes) return state;
      throw engine_error(stream_->status(), refusal_, "read the log of container " + id_);
    }
    frames_.feed(raw, [&](std::string_view text) { return out.append(text), true; });
    return state;
  }
  int descriptor() const override { return stream_->descriptor(); }
  Millis pause() const override { return silence_limit_ > Millis(0) ? silence_limit_ : PieceSource::pause(); }

 private:
  std::unique_ptr<net::HttpStream> stream_;
  const std::string id_;
  const Millis silence_limit_;
  std::chrono::steady_clock::time_point heard_at_ = std::chrono::steady_clock::now();
  LogFrames frames_;
  std::string refusal_;
};
}  // namespace

std::unique_ptr<PieceSource> DockerRuntime::open_logs(const TenantId& tenant, std::size_t tail, bool follow,
                                                      std::stop_token stop) {
  const auto container = describe(tenant);
  if (!container) {
    throw Error(ErrorKind::not_found, fmt::format("docker: there is no container {} to read from", name_of(tenant)));
  }
  std::string id = string_at(*container, "Id");
  const Millis limit = options_.deadlines.call;
  auto stream = engine_.open_stream(log_call(id, tail, follow, limit), std::move(stop));
  return std::make_unique<ContainerLog>(std::move(stream), std::move(id), follow ? Millis(0) : limit);
}

void DockerRuntime::read_log(const std::string& id, std::size_t tail, const Sink& sink) {
  LogFrames frames;
  const auto response = engine_.stream(log_call(id, tail, false, options_.deadlines.call),
                                       [&](std::string_view chunk) { return frames.feed(chunk, sink); }, {});
  if (response.status >= 400) throw engine_error(response.status, response.body, "read the log of container " + id);
}

// The init's own words about a program that it could not execute; empty where there are none.
std::string DockerRuntime::exec_failure(const std::string& id) {
  constexpr std::string_view mark = "[FATAL tini (";
  std::string text;
  read_log(id, exec_failure_lines, [&](std::string_view piece) {
    text.append(piece);
    return text.size() < exec_failure_limit_bytes;
  });
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
