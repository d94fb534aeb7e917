#include "config/place.hpp"

#include <fmt/format.h>

#include <stdexcept>

#include "config/types.hpp"

namespace slipway::config {

Place place_in(Config& c) {
  return {&c,          &c.app,  &c.access,    &c.access.spec, &c.runtime, &c.runtime.docker, &c.runtime.docker.engine,
          &c.database, &c.mail, &c.mail.smtp, &c.mail.resend, &c.api,     &c.api.access,     &c.aws,
          &c.limits,   &c.log,  nullptr,      nullptr,        nullptr};
}

void enter(Place& place, std::string_view path, const std::string& name) {
  Config& config = *std::get<Config*>(place);
  if (path == "plans.*") {
    Plan plan = config.plans["default"];
    plan.name = PlanName(std::get<std::string>(plan_name().parse(name)));
    std::get<Plan*>(place) = &config.plans.insert_or_assign(name, std::move(plan)).first->second;
  } else if (path == "app.env.*") {
    std::get<EnvTemplate*>(place) =
        &config.app.env.emplace_back(EnvTemplate{std::get<std::string>(variable_name().parse(name)), ""});
  } else if (path == "app.volumes[]") {
    std::get<VolumeSpec*>(place) = &config.app.volumes.emplace_back();
  } else {
    throw std::logic_error(fmt::format("the table of keys has names at '{}', but nothing is made for them", path));
  }
}

}  // namespace slipway::config
