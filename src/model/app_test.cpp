#include "model/app.hpp"

namespace slipway {
namespace {

TEST(AccessUrl, HasTheAddressInTheName) {
  AccessSpec access;
  access.address = "203.0.113.9";
  EXPECT_EQ(access_url(access, Slug("acme"), Port(20001)), "http://acme.203-0-113-9.sslip.io:20001");
  access.domain = "localhost";
  EXPECT_EQ(access_url(access, Slug("acme"), Port(20001)), "http://acme.localhost:20001");
  EXPECT_EQ(access_url(access, Slug("acme"), std::nullopt), "");
}

}  // namespace
}  // namespace slipway
