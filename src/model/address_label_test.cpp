#include "model/address_label.hpp"

#include <gtest/gtest.h>

namespace slipway {
namespace {

TEST(AddressLabel, HoldsWhatSslipReadsAsIpv4) {
  for (const char* label : {"127-0-0-1", "10-0-0-1", "app-10-0-0-1", "10-0-0-1-shop", "a-b-169-254-169-254-c",
                            "1-2-3-4-5", "255-255-255-255", "0-0-0-0", "app-01-2-3-4", "x--10-0-0-1"}) {
    EXPECT_TRUE(holds_address(label)) << label;
  }
}

TEST(AddressLabel, HoldsWhatSslipReadsAsIpv6) {
  for (const char* label : {"a--b", "1--", "2001-db8--1", "shop-2001-db8--1-x", "fe80--1", "x---1", "a---x", "x----y",
                            "1-2-3-4-5-6-7-8", "2606-4700-4700-0-0-0-0-1111", "0--ffff-1", "64-ff9b--a00-1"}) {
    EXPECT_TRUE(holds_address(label)) << label;
  }
}

TEST(AddressLabel, LeavesOrdinaryNamesAlone) {
  for (const char* label :
       {"acme", "shop-24", "24-7-support", "1-2-3", "3-2-1-go", "1000-0-0-1", "256-0-0-1", "a1-2-3-4", "1-2-3-4a",
        "face--book", "xn--bcher-kva", "acme--shop", "cafe-bar", "2024-01-02", "7-eleven", "facade12"}) {
    EXPECT_FALSE(holds_address(label)) << label;
  }
}

TEST(AddressLabel, HexNotationIsEightDigits) {
  for (const char* label : {"7f000001", "app-7f000001", "c0a801fc-x", "FACADE12"}) {
    EXPECT_TRUE(holds_hex_address(label)) << label;
  }
  for (const char* label : {"7f00001", "7f0000011", "app7f000001", "acme", "7g000001"}) {
    EXPECT_FALSE(holds_hex_address(label)) << label;
  }
}

}  // namespace
}  // namespace slipway
