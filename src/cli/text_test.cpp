#include "cli/text.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "cli/lines.hpp"

namespace slipway::cli {
namespace {

TEST(SafeText, LetsNothingReachTheTerminalThatIsNotSeen) {
  EXPECT_EQ(safe("Cà phê 東京 🙂 - plain"), "Cà phê 東京 🙂 - plain");
  EXPECT_EQ(safe("\x1b[31mred\x07"), "\\x1b[31mred\\x07");
  EXPECT_EQ(safe("a\r\nb\tc"), "a\\x0d\\x0ab c");
  EXPECT_EQ(safe("\xC2\x9B"
                 "31m"),
            "\\x9b31m");  // C1: CSI in one character
  EXPECT_EQ(safe("user\u202Egnp.exe"), "user\\u202egnp.exe");
  EXPECT_EQ(safe("zero\u200Bwidth"), "zero\\u200bwidth");
  EXPECT_EQ(safe(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(safe("\xff\xc3("), "\\xff\\xc3(");  // broken UTF-8
  EXPECT_EQ(safe("\xe6\x9d"), "\\xe6\\x9d");    // cut short
  EXPECT_EQ(safe("\x7f"), "\\x7f");
}

TEST(SafeText, AJsonDocumentStaysTheSameDocument) {
  const boost::json::value document = {{"name", "a\x1b[0m\u202E\u0085\U000E0041\\x1b 東京"}};
  const std::string shown = safe_json(boost::json::serialize(document));
  EXPECT_EQ(boost::json::parse(shown), document);
  EXPECT_EQ(safe(shown), shown);
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("Phở Hà Nội"), 10u);
  EXPECT_EQ(display_width("e\u0301"), 1u);  // combining
  EXPECT_EQ(display_width("東京"), 4u);
  EXPECT_EQ(display_width("🙂"), 2u);
  EXPECT_EQ(padded("東京", 6), "東京  ");
  EXPECT_EQ(padded("longer", 3), "longer");
}

TEST(Amounts, AreShort) {
  const TimePoint now(Millis(1'000'000'000'000));
  EXPECT_EQ(short_age(now - std::chrono::seconds(119), now), "119s");
  EXPECT_EQ(short_age(now - std::chrono::minutes(119), now), "119m");
  EXPECT_EQ(short_age(now - std::chrono::hours(47), now), "47h");
  EXPECT_EQ(short_age(now - std::chrono::hours(48), now), "2d");
  EXPECT_EQ(short_age(now + std::chrono::hours(1), now), "0s");
  EXPECT_EQ(human_bytes(512), "512 B");
  EXPECT_EQ(human_bytes(256ull << 20), "256 MiB");
  EXPECT_EQ(human_bytes(35'756'442), "34.1 MiB");
}

TEST(Colours, AreForTerminalsThatWantThem) {
  EXPECT_TRUE(wants_colours(true, std::nullopt, "xterm"));
  EXPECT_TRUE(wants_colours(true, "", std::nullopt));
  EXPECT_FALSE(wants_colours(true, "1", "xterm"));
  EXPECT_FALSE(wants_colours(true, std::nullopt, "dumb"));
  EXPECT_FALSE(wants_colours(false, std::nullopt, "xterm"));
  EXPECT_EQ(painted("x", Colour::red, true), "\x1b[31mx\x1b[0m");
  EXPECT_EQ(painted("x", Colour::red, false), "x");
}

TEST(Lines, AreCutWhereverTheChunksEnd) {
  std::vector<std::string> lines;
  LineSplitter splitter([&](std::string_view line) { lines.emplace_back(line); });
  for (const char* piece : {"one\ntw", "o\r\n\nthr", "ee"}) splitter.add(piece);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", ""}));
  splitter.finish();
  splitter.finish();
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two", "", "three"}));
}

TEST(Lines, WithoutEndAreHandedOverInPieces) {
  std::size_t bytes = 0;
  std::size_t longest = 0;
  LineSplitter splitter([&](std::string_view line) {
    bytes += line.size();
    longest = std::max(longest, line.size());
  });
  const std::string piece(10'000, 'x');
  for (int i = 0; i < 100; ++i) splitter.add(piece);
  splitter.finish();
  EXPECT_EQ(bytes, 1'000'000u);
  EXPECT_LE(longest, 80'000u);
}

TEST(Utf8, IsMendedForJson) {
  EXPECT_EQ(valid_utf8("ok 東"), "ok 東");
  EXPECT_EQ(valid_utf8("a\xff"
                       "b\xe6\x9d"),
            "a\uFFFDb\uFFFD\uFFFD");
}

}  // namespace
}  // namespace slipway::cli
