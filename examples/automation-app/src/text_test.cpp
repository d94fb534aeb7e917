#include "text.hpp"

#include <gtest/gtest.h>

using namespace automation;

TEST(Text, EscapesEveryCharacterThatHtmlReads) {
  EXPECT_EQ(escape_html(R"(<b class="x" id='y'>A & B</b>)"),
            "&lt;b class=&quot;x&quot; id=&#39;y&#39;&gt;A &amp; B&lt;/b&gt;");
}

TEST(Text, ReadsAForm) {
  const auto form = parse_form("name=a+b&target=http%3A%2F%2Fx%2f%3fq%3D1&empty=&flag&name=last&bad=%zz");
  EXPECT_EQ(form.at("name"), "last");
  EXPECT_EQ(form.at("target"), "http://x/?q=1");
  EXPECT_EQ(form.at("empty"), "");
  EXPECT_EQ(form.at("flag"), "");
  EXPECT_EQ(form.at("bad"), "%zz");
}

TEST(Text, CountsCharactersNotBytes) {
  EXPECT_EQ(utf8_length("Phở"), 3);
  EXPECT_EQ(utf8_length("😀"), 1);
  EXPECT_EQ(utf8_length(""), 0);
}

TEST(Text, RefusesWhatPostgresWouldRefuse) {
  EXPECT_EQ(utf8_length(std::string_view("a\0b", 3)), -1);
  EXPECT_EQ(utf8_length("\xC3"), -1);          // cut in the middle
  EXPECT_EQ(utf8_length("\xC0\xAF"), -1);      // overlong
  EXPECT_EQ(utf8_length("\xED\xA0\x80"), -1);  // a surrogate
  EXPECT_EQ(utf8_length("\xF5\x80\x80\x80"), -1);
}

TEST(Text, PrintableNeverCutsACharacter) {
  EXPECT_EQ(printable("Phở", 5), "Phở");
  EXPECT_EQ(printable("Phở", 4), "Ph");
  EXPECT_EQ(printable("a\r\nb\xFF", 99), "a  b?");
}

TEST(Text, Trims) { EXPECT_EQ(trimmed(" \t a b \r\n"), "a b"); }
