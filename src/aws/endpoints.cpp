#include "aws/endpoints.hpp"

#include <fmt/format.h>

#include "base/error.hpp"

namespace slipway::aws {
namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};

// botocore's partitions.json. The last one is for every other region.
constexpr Partition partitions[] = {
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", "amazonaws.com", "api.aws"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
};

const Partition& find(std::string_view region) {
  const Partition* found = partitions;
  while (!region.starts_with(found->region_prefix)) ++found;
  return *found;
}

void check_region(std::string_view region) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (region.empty() || region.size() > 63 || !std::all_of(region.begin(), region.end(), allowed)) {
    throw Error(ErrorKind::invalid, fmt::format("AWS region '{}': expected a name such as eu-central-1", region));
  }
}

// In GovCloud the ordinary host is the FIPS one for every service of ours but these.
bool has_fips_host_in_govcloud(std::string_view prefix) { return prefix == "ecs" || prefix == "api.ecr"; }

}  // namespace

std::string endpoint_of(const Service& service, std::string_view region, bool use_fips, bool use_dual_stack) {
  check_region(region);
  const Partition& partition = find(region);
  std::string_view prefix = service.endpoint_prefix;
  if (prefix == "api.ecr" && use_dual_stack) prefix = "ecr";
  if (use_fips && partition.region_prefix == "us-gov-") {
    if (!use_dual_stack || prefix == "events") use_fips = has_fips_host_in_govcloud(prefix);
  }
  return fmt::format("https://{}{}.{}.{}", prefix, use_fips ? "-fips" : "", region,
                     use_dual_stack ? partition.dual_stack_suffix : partition.suffix);
}

}  // namespace slipway::aws
