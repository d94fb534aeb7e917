#include "deploy/aws/open_account.hpp"

#include "os/file.hpp"

namespace slipway::deploy {

OwnSession::OwnSession(const Env& env, std::string region, const Clock& clock, Random& random)
    : around_{env, os::read_file, env("HOME").value_or("")},
      credentials_(around_, clock),
      session_{region.empty() ? aws::region_from(around_) : std::move(region), credentials_, clock, random,
               [this](const std::string& service) { return aws::endpoint_from_environment(around_, service); }} {
  session_.use_fips = around_.variable("AWS_USE_FIPS_ENDPOINT") == "true";
  session_.use_dual_stack = around_.variable("AWS_USE_DUALSTACK_ENDPOINT") == "true";
  session_.ca_file = around_.variable("AWS_CA_BUNDLE");
}

}  // namespace slipway::deploy
