#include "api/health.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace slipway::api {
namespace {

constexpr Millis remembered_for{10'000};
constexpr Millis again_after_trouble{1'000};
constexpr Millis answer_within{5'000};
constexpr Millis end_within{500};

}  // namespace

Health::Health(std::vector<HealthCheck> checks, const Clock& clock) : clock_(clock) {
  for (HealthCheck& check : checks) parts_.push_back({std::move(check)});
}

void Health::start() {
  for (Part& part : parts_) {
    threads_.emplace_back([this, &part](std::stop_token stop) { keep_looking(part, stop); });
  }
}

bool Health::stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, end_within, [this] {
    return std::none_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.began.has_value(); });
  });
}

void Health::keep_looking(Part& part, std::stop_token stop) {
  while (!stop.stop_requested()) {
    look_at(part);
    std::unique_lock lock(mutex_);
    const auto wanted = [&part] { return part.wanted; };
    if (part.check.vital) {
      changed_.wait_for(lock, stop, part.well ? remembered_for : again_after_trouble, wanted);
    } else {
      changed_.wait(lock, stop, wanted);
    }
  }
}

void Health::look_at(Part& part) {
  {
    const std::lock_guard lock(mutex_);
    part.began = clock_.now();
    part.wanted = false;
  }
  bool well = false;
  std::string found;
  try {
    found = part.check.check();
    well = true;
  } catch (const std::exception& error) {
    found = error.what();
  }
  const std::lock_guard lock(mutex_);
  part.well = well;
  part.found = std::move(found);
  part.looked_at = clock_.now();
  part.began.reset();
  changed_.notify_all();
}

bool Health::is_old(const Part& part) const {
  return !part.began && (!part.looked_at || clock_.now() - *part.looked_at >= remembered_for);
}

void Health::look(bool all) {
  std::vector<Part*> old;
  {
    const std::lock_guard lock(mutex_);
    for (Part& part : parts_) {
      if ((all || part.check.vital) && is_old(part)) old.push_back(&part);
    }
    if (!threads_.empty()) {
      for (Part* part : old) part->wanted = true;
      changed_.notify_all();
      return;
    }
  }
  for (Part* part : old) look_at(*part);
}

Health::Finding Health::finding_of(const Part& part) const {
  if (part.began) {
    const auto waited = std::chrono::duration_cast<std::chrono::seconds>(clock_.now() - *part.began);
    if (waited >= answer_within) return {part.check.name, false, fmt::format("no answer for {} s", waited.count())};
  }
  return {part.check.name, part.well, part.found};
}

bool Health::ready() const {
  const std::lock_guard lock(mutex_);
  return std::all_of(parts_.begin(), parts_.end(),
                     [this](const Part& part) { return !part.check.vital || finding_of(part).well; });
}

std::vector<Health::Finding> Health::findings() const {
  const std::lock_guard lock(mutex_);
  std::vector<Finding> all;
  for (const Part& part : parts_) all.push_back(finding_of(part));
  return all;
}

}  // namespace slipway::api
