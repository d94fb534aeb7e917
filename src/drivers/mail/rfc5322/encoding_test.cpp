#include "drivers/mail/rfc5322/encoding.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include "base/text.hpp"

namespace slipway::mail {
namespace {

std::string from_base64(std::string_view text) {
  std::string out(text.size() / 4 * 3, '\0');
  EXPECT_GE(EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                            reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size())),
            0);
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  out.resize(out.size() - padding);
  return out;
}

// The words of an encoded header, each decoded; and every rule of RFC 2047 about their shape.
std::vector<std::string> words_of(const std::string& line, std::string_view name) {
  std::vector<std::string> words;
  EXPECT_TRUE(line.starts_with(std::string(name) + ": ")) << line;
  EXPECT_TRUE(line.ends_with("\r\n"));
  const std::string value = line.substr(name.size() + 2, line.size() - name.size() - 4);
  std::size_t at = 0;
  while (true) {
    const auto end = value.find("\r\n ", at);
    const std::string word = value.substr(at, end - at);
    EXPECT_LE(word.size(), 75u);
    EXPECT_LE(word.size() + (at == 0 ? name.size() + 2 : 1), 76u);
    EXPECT_TRUE(word.starts_with("=?UTF-8?B?") && word.ends_with("?=")) << word;
    words.push_back(from_base64(std::string_view(word).substr(10, word.size() - 12)));
    EXPECT_NE(utf8_length(words.back()), std::string::npos) << "a code point was split";
    if (end == std::string::npos) return words;
    at = end + 3;
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += word;
  return all;
}

TEST(HeaderLine, KeepsShortAscii) {
  EXPECT_EQ(header_line("Subject", "Hello, world: 50% off (really)"), "Subject: Hello, world: 50% off (really)\r\n");
}

TEST(HeaderLine, EncodesAtEveryLengthWithoutSplittingCodePoints) {
  const std::vector<std::string> letters = {"ệ", "🚀", "x", "đ"};
  for (std::size_t shift = 0; shift < letters.size(); ++shift) {
    std::string value = "é";
    for (std::size_t i = 0; i < 120; ++i) {
      EXPECT_EQ(joined(words_of(header_line("Subject", value), "Subject")), value);
      value += letters[(i + shift) % letters.size()];
    }
  }
}

TEST(HeaderLine, EncodesWhatAReaderWouldMisread) {
  for (const std::string& value : {std::string("=?UTF-8?B?eA==?="), std::string(" padded "), std::string(100, 'x')}) {
    EXPECT_EQ(joined(words_of(header_line("Subject", value), "Subject")), value);
  }
}

TEST(AddressLine, QuotesOrEncodesTheName) {
  EXPECT_EQ(address_line("From", "", "a@b.example"), "From: a@b.example\r\n");
  EXPECT_EQ(address_line("From", R"(Ann "x" \)", "a@b.example"), "From: \"Ann \\\"x\\\" \\\\\" <a@b.example>\r\n");
  EXPECT_EQ(address_line("From", std::string(60, 'n'), "a@b.example"),
            "From: \"" + std::string(60, 'n') + "\"\r\n <a@b.example>\r\n");
  const std::string line = address_line("From", "Đại Việt", "a@b.example");
  const std::string tail = "\r\n <a@b.example>\r\n";
  ASSERT_TRUE(line.ends_with(tail));
  EXPECT_EQ(joined(words_of(line.substr(0, line.size() - tail.size()) + "\r\n", "From")), "Đại Việt");
}

TEST(QuotedPrintable, EncodesWhatDoesNotTravel) {
  EXPECT_EQ(quoted_printable("a=b"), "a=3Db");
  EXPECT_EQ(quoted_printable("đ"), "=C4=91");
  EXPECT_EQ(quoted_printable(std::string("\0\x7F", 2)), "=00=7F");
  EXPECT_EQ(quoted_printable("a \nb\t\r\nc d "), "a=20\r\nb=09\r\nc d=20");
  EXPECT_EQ(quoted_printable("a\rb\r\nc\n\nd"), "a\r\nb\r\nc\r\n\r\nd");
}

TEST(QuotedPrintable, BreaksLongLinesSoftly) {
  const std::string out = quoted_printable(std::string(200, 'x'));
  EXPECT_EQ(out, std::string(75, 'x') + "=\r\n" + std::string(75, 'x') + "=\r\n" + std::string(50, 'x'));
  const std::string escapes = quoted_printable(std::string(100, '='));
  EXPECT_EQ(escapes.find("=\r\n"), 75u);
}

}  // namespace
}  // namespace slipway::mail
