#include "app/lambda/place.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/error.hpp"

namespace slipway {

FunctionPlace function_place(const EnvLookup& env) {
  std::string missing;
  const auto optional = [&](const char* name) { return env(name).value_or(""); };
  const auto needed = [&](const char* name) {
    auto value = optional(name);
    if (value.empty()) missing += fmt::format("{}{}", missing.empty() ? "" : ", ", name);
    return value;
  };
  FunctionPlace place;
  place.region = needed("AWS_REGION");
  place.runtime_api = needed("AWS_LAMBDA_RUNTIME_API");
  place.task_root = needed("LAMBDA_TASK_ROOT");
  place.table = needed("SLIPWAY_TABLE");
  place.queue_url = needed("SLIPWAY_QUEUE_URL");
  place.cluster = needed("SLIPWAY_CLUSTER");
  place.parameters = needed("SLIPWAY_PARAMETERS");
  place.init_image = needed("SLIPWAY_INIT_IMAGE");
  place.app_image = optional("SLIPWAY_APP_IMAGE");
  place.execution_role = needed("SLIPWAY_EXECUTION_ROLE");
  place.log_group = optional("SLIPWAY_LOG_GROUP");
  place.capacity_provider = optional("SLIPWAY_CAPACITY_PROVIDER");
  place.database_host = needed("SLIPWAY_DB_HOST");
  if (const auto port = optional("SLIPWAY_DB_PORT"); !port.empty()) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), place.database_port);
    if (error != std::errc() || end != port.data() + port.size() || place.database_port == 0) {
      throw Error(ErrorKind::invalid, fmt::format("SLIPWAY_DB_PORT: '{}' is no port", port));
    }
  }
  if (!missing.empty()) {
    throw Error(ErrorKind::invalid,
                fmt::format("the function's environment lacks {}; 'slipway aws deploy' sets them", missing));
  }
  return place;
}

}  // namespace slipway
