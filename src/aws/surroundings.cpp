#include "aws/surroundings.hpp"

#include <fmt/format.h>

#include "aws/credential_sources.hpp"
#include "base/error.hpp"

namespace slipway::aws {

std::string endpoint_from_environment(const Surroundings& around, const std::string& service_id) {
  if (around.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") return "";
  std::string name = "AWS_ENDPOINT_URL_";
  for (const char c : service_id) name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  auto url = around.variable(name);
  return url.empty() ? around.variable("AWS_ENDPOINT_URL") : url;
}

std::string region_from(const Surroundings& around) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = around.variable(name); !region.empty()) return region;
  }
  const Profiles profiles(around);
  if (const auto* profile = profiles.profile(profiles.chosen())) {
    if (const auto region = profile->find("region"); region != profile->end()) return region->second;
  }
  if (auto region = instance_metadata(around, "placement/region"); !region.empty()) return region;
  throw Error(ErrorKind::invalid,
              fmt::format("no AWS region: set AWS_REGION, or 'region' in the profile '{}' (looked in {})",
                          profiles.chosen(), profiles.places()));
}

}  // namespace slipway::aws
