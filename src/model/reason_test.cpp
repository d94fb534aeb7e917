#include "model/reason.hpp"

#include <gtest/gtest.h>

#include <set>

namespace slipway {
namespace {

TEST(ReasonCode, EachHasItsNameAndSentencesOfItsOwn) {
  std::set<std::string_view> told;
  int codes = 0;
  for (int i = 0; i <= static_cast<int>(ReasonCode::internal); ++i, ++codes) {
    const auto code = static_cast<ReasonCode>(i);
    EXPECT_EQ(parse_reason_code(to_string(code)), code);
    for (const auto words : {to_string(code), sentence_for(code, "en"), sentence_for(code, "vi")}) told.insert(words);
  }
  EXPECT_EQ(told.size(), 3u * static_cast<unsigned>(codes));
  EXPECT_EQ(parse_reason_code("elsewhere"), std::nullopt);
  EXPECT_EQ(sentence_for(ReasonCode::no_room, "fr"), sentence_for(ReasonCode::no_room, "en"));
}

}  // namespace
}  // namespace slipway
