#include "base/text.hpp"

namespace slipway {
namespace {

TEST(Utf8Length, CountsCodePoints) {
  EXPECT_EQ(utf8_length(""), 0u);
  EXPECT_EQ(utf8_length("Công ty Á Châu"), 14u);
  EXPECT_EQ(utf8_length("🚢"), 1u);
}

TEST(Utf8Length, RefusesWhatIsNotUtf8) {
  for (const char* bad : {"\xff", "\xc0\xaf", "\xe2\x82", "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\x80"}) {
    EXPECT_EQ(utf8_length(bad), std::string::npos);
  }
}

TEST(ControlCharacters, AreFound) {
  for (const char* bad : {"a\nb", "a\r", "\x7f", "\xc2\x85", "\xe2\x80\xa8", "\xe2\x80\xae", "\xe2\x81\xa6"}) {
    EXPECT_TRUE(has_control_characters(bad)) << bad;
  }
  EXPECT_FALSE(has_control_characters("Nguyễn & Sons <ltd>"));
}

TEST(WithoutControls, LeavesOneLineOfUtf8) {
  EXPECT_EQ(without_controls("Nguyễn 🚢"), "Nguyễn 🚢");
  EXPECT_EQ(without_controls("a \r\nb\x1b[31m\x7f"), "a b [31m ");
  EXPECT_EQ(without_controls("a\xc2\x9b"
                             "b\xe2\x80\xa8"
                             "c\xe2\x80\xae"
                             "d"),
            "a b c d");
  EXPECT_EQ(without_controls("x\xff\xc3"), "x\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(CutToBytes, CutsBetweenCodePoints) {
  EXPECT_EQ(cut_to_bytes("abc", 3), "abc");
  EXPECT_EQ(cut_to_bytes("aệb", 3), "a");
  EXPECT_EQ(cut_to_bytes("aệb", 4), "aệ");
}

TEST(HtmlEscaped, LeavesNoMarkup) {
  EXPECT_EQ(html_escaped("<a href=\"x\">&'"), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
}

TEST(Nearest, SuggestsOnlyWhatIsNear) {
  EXPECT_EQ(nearest("subdomian", {"subdomain", "plan"}), "subdomain");
  EXPECT_EQ(nearest("colour", {"subdomain", "plan"}), "");
}

}  // namespace
}  // namespace slipway
