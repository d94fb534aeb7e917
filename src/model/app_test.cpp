#include "model/app.hpp"

namespace slipway {
namespace {

TEST(AccessUrl, HasTheAddressInTheName) {
  AccessSpec access;
  access.address = "203.0.113.9";
  Tenant t;
  t.sign_up.slug = Slug("acme");
  t.port = Port(20001);
  EXPECT_EQ(access_url(access, t), "http://acme.203-0-113-9.sslip.io:20001");
  t.host = "198.51.100.7";
  EXPECT_EQ(access_url(access, t), "http://acme.198-51-100-7.sslip.io:20001") << "where it really runs";
  access.domain = "localhost";
  EXPECT_EQ(access_url(access, t), "http://acme.localhost:20001");
  t.port.reset();
  EXPECT_EQ(access_url(access, t), "");
}

}  // namespace
}  // namespace slipway
