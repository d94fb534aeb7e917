#include "base/base64.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"

namespace slipway {
namespace {

TEST(Base64, ReadsWhatWasWrittenAtEveryLength) {
  std::string bytes;
  for (int i = 0; i < 70; ++i) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
    EXPECT_EQ(from_base64(to_base64url(bytes)), bytes);
    bytes += static_cast<char>(i * 37 + 200);
  }
  EXPECT_FALSE(from_base64("a b"));
  EXPECT_FALSE(from_base64("abcde"));
}

}  // namespace
}  // namespace slipway
