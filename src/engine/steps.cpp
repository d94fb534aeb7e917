#include "engine/steps.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.hpp"

namespace slipway {

StepResult Steps::perform(Step step, const Tenant& tenant, const Seen& instance) const {
  static_assert(std::equal(rows.begin(), rows.end(), step_table.begin(), step_table.end(),
                           [](const Row& row, const StepRow& named) { return row.step == named.step; }),
                "each row of step_table has one here, in the same order");
  const auto way = rows.at(static_cast<std::size_t>(step)).perform;
  if (way == nullptr) throw Error(ErrorKind::internal, fmt::format("no way to perform step '{}'", to_string(step)));
  return (this->*way)(tenant, instance);
}

Event Steps::event(Step step, std::string message, std::optional<TimePoint> since) const {
  Event e;
  e.at = world_.clock.now();
  e.kind = "step";
  e.step = to_string(step);
  e.message = std::move(message);
  if (since) e.duration = e.at - *since;
  return e;
}

std::string Steps::url(const Tenant& tenant) const { return access_url(settings_.access, tenant); }

}  // namespace slipway
