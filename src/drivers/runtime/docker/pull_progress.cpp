#include "drivers/runtime/docker/pull_progress.hpp"

#include <fmt/format.h>

#include "base/json.hpp"

namespace slipway::docker {
namespace {
constexpr std::size_t layer_limit = 1000;  // Docker's own limit is 127
constexpr std::uint64_t megabyte = 1'000'000;
}  // namespace

void PullProgress::feed(std::string_view chunk) {
  lines_.feed(chunk, [this](const boost::json::object& object) { line(object); });
}

void PullProgress::finish() {
  lines_.finish([this](const boost::json::object& object) { line(object); });
}

void PullProgress::line(const boost::json::object& object) {
  const auto* detail = object_at(object, "errorDetail");
  std::string error = string_at(object, "error");
  if (error.empty() && detail != nullptr) error = string_at(*detail, "message");
  if (!error.empty()) error_ = std::move(error);

  const std::string id = string_at(object, "id");
  const std::string status = string_at(object, "status");
  // The line "Pulling from shop" has the tag as its id.
  if (id.empty() || status.starts_with("Pulling from") || layers_.size() >= layer_limit) return;
  Layer& layer = layers_[id];
  const auto* progress = object_at(object, "progressDetail");
  if (status == "Downloading" && progress != nullptr) {
    layer.current = static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_at(*progress, "current")));
    layer.total = static_cast<std::uint64_t>(std::max<std::int64_t>(0, int_at(*progress, "total")));
  }
  if (status == "Download complete" || status == "Extracting") layer.current = layer.total;
  if (status == "Pull complete" || status == "Already exists") {
    layer.current = layer.total;
    layer.done = true;
  }
}

std::string PullProgress::words() const {
  std::string text = "pulling " + image_;
  if (layers_.empty()) return text;
  std::size_t done = 0;
  std::uint64_t current = 0;
  std::uint64_t total = 0;
  for (const auto& [id, layer] : layers_) {
    done += layer.done ? 1 : 0;
    current += layer.current;
    total += layer.total;
  }
  text += fmt::format(": {} of {} layers", done, layers_.size());
  if (total > 0) text += fmt::format(", {} of {} MB", current / megabyte, (total + megabyte - 1) / megabyte);
  return text;
}

}  // namespace slipway::docker
