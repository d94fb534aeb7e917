#include "drivers/runtime/docker/tenant_network.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace slipway::docker {
namespace {

TEST(TenantNetwork, the_gateway_is_the_first_host) {
  EXPECT_EQ(first_host("172.30.0.0/16"), "172.30.0.1");
  EXPECT_EQ(first_host("10.9.8.252/30"), "10.9.8.253");
  EXPECT_EQ(first_host("10.0.0.0/8"), "10.0.0.1");
}

TEST(TenantNetwork, refuses_what_is_no_network) {
  for (const std::string text : {"", "172.30.0.0", "172.30.0.0/", "172.30.0.0/31", "172.30.0.0/7", "172.30.0.5/16",
                                 "300.0.0.0/16", "fd00::/64", "172.30.0.0/16x"}) {
    try {
      first_host(text);
      ADD_FAILURE() << "took '" << text << "'";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::invalid) << text;
    }
  }
}

TEST(TenantNetwork, is_named_after_the_installation_unless_told) {
  DockerOptions options;
  EXPECT_EQ(network_name(options, InstallationId("4k2x9q")), "slipway_4k2x9q");
  options.network = "tenants";
  EXPECT_EQ(network_name(options, InstallationId("4k2x9q")), "tenants");
}

}  // namespace
}  // namespace slipway::docker
