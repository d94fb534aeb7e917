#pragma once
#include <functional>
#include <optional>
#include <string>

namespace slipway::aws {

// What a process finds around it, as inputs: src/app reads them, tests make them up.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> env;
  std::function<std::optional<std::string>(const std::string& path)> read_file;  // nothing: there is no such file
  std::string home;       // of the user, in which .aws lies; may be empty
  std::string profile{};  // the profile that was asked for; empty: AWS_PROFILE, else "default"

  std::string variable(const std::string& name) const { return env(name).value_or(""); }
};

// What AWS_ENDPOINT_URL_<SERVICE> and AWS_ENDPOINT_URL say for a service id ("dynamodb"); empty: neither is set.
std::string endpoint_from_environment(const Surroundings& around, const std::string& service_id);

// The region: AWS_REGION, AWS_DEFAULT_REGION, the profile's, the EC2 instance's. Throws invalid, saying where it was
// looked for.
std::string region_from(const Surroundings& around);

}  // namespace slipway::aws
