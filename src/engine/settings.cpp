#include "engine/settings.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway {

const Plan& plan_named(const Settings& settings, const PlanName& name) {
  const auto found = settings.plans.find(name.value());
  if (found != settings.plans.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, plan] : settings.plans) names.push_back(known);
  const std::string why = fmt::format("there is no plan '{}'; plans are: {}", name.value(), fmt::join(names, ", "));
  throw Error(ErrorKind::invalid, "plan: " + why).on("plan", why);
}

}  // namespace slipway
