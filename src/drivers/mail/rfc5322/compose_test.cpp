#include "drivers/mail/rfc5322/compose.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"

// The contract tests read composed mails with Python's email package; here stands what a lenient reader would forgive.
namespace slipway::mail {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const TimePoint date = *parse_rfc3339("2026-11-23T15:42:07.500Z");

Message message() {
  return {"Shop <hello@shop.example>", "help@shop.example", "ann@example.com", "Hello", "text\n", "<p>html</p>\n"};
}

std::vector<std::string> lines_of(const std::string& mail) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < mail.size();) {
    const auto end = mail.find("\r\n", at);
    EXPECT_NE(end, std::string::npos) << "the last line has no end";
    if (end == std::string::npos) break;
    lines.push_back(mail.substr(at, end - at));
    at = end + 2;
  }
  return lines;
}

TEST(Compose, PlainMailReadsAsExpected) {
  EXPECT_EQ(compose(message(), "t_1/welcome/1", date),
            "Date: Mon, 23 Nov 2026 15:42:07 +0000\r\n"
            "From: \"Shop\" <hello@shop.example>\r\n"
            "To: ann@example.com\r\n"
            "Reply-To: help@shop.example\r\n"
            "Subject: Hello\r\n"
            "Message-ID: " +
                message_id(message(), "t_1/welcome/1") +
                "\r\n"
                "MIME-Version: 1.0\r\n"
                "Auto-Submitted: auto-generated\r\n"
                "Content-Type: multipart/alternative;\r\n"
                " boundary=\"=_" +
                message_id(message(), "t_1/welcome/1").substr(1, 32) +
                "\"\r\n"
                "\r\n"
                "--=_" +
                message_id(message(), "t_1/welcome/1").substr(1, 32) +
                "\r\n"
                "Content-Type: text/plain; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n"
                "\r\n"
                "text\r\n\r\n"
                "--=_" +
                message_id(message(), "t_1/welcome/1").substr(1, 32) +
                "\r\n"
                "Content-Type: text/html; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n"
                "\r\n"
                "<p>html</p>\r\n\r\n"
                "--=_" +
                message_id(message(), "t_1/welcome/1").substr(1, 32) + "--\r\n");
}

TEST(Compose, WithoutHtmlOrTextThereIsOnePart) {
  Message only_text = message();
  only_text.html.clear();
  EXPECT_THAT(compose(only_text, "k", date), AllOf(HasSubstr("Content-Type: text/plain"), Not(HasSubstr("multipart"))));
  Message only_html = message();
  only_html.text.clear();
  EXPECT_THAT(compose(only_html, "k", date), AllOf(HasSubstr("Content-Type: text/html"), Not(HasSubstr("multipart"))));
}

TEST(Compose, MessageIdFollowsFromKeyAndSendersDomain) {
  Message other = message();
  other.subject = "Another";
  other.from = "sales@shop.example";
  EXPECT_EQ(message_id(message(), "k"), message_id(other, "k"));
  EXPECT_NE(message_id(message(), "k"), message_id(message(), "l"));
  EXPECT_TRUE(message_id(message(), "k").ends_with("@shop.example>"));
}

TEST(Compose, EveryLineIsShortAsciiWithCrlf) {
  Message long_one = message();
  long_one.from = "Công ty Trách nhiệm Hữu hạn Thương mại Dịch vụ Đại Việt 🚀🚀🚀🚀🚀🚀🚀🚀 <hello@shop.example>";
  long_one.subject.clear();
  for (int i = 0; i < 100; ++i) long_one.subject += "ệ🚀";
  for (int i = 0; i < 3'000; ++i) long_one.text += "đường = ";
  long_one.html = "<p>" + std::string(5'000, 'x') + "</p>\r.\r\n.\n" + std::string("\0", 1);
  for (const std::string& line : lines_of(compose(long_one, std::string(256, 'k'), date))) {
    EXPECT_LE(line.size(), 76u) << line;
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7F; })) << line;
  }
}

class Injection : public testing::TestWithParam<std::string> {};

TEST_P(Injection, IsRefusedInEveryHeader) {
  for (std::string Message::*header : {&Message::from, &Message::reply_to, &Message::to, &Message::subject}) {
    Message bad = message();
    bad.*header += GetParam();
    try {
      compose(bad, "k", date);
      ADD_FAILURE() << "taken: " << bad.*header;
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::invalid);
      EXPECT_FALSE(has_control_characters(e.message()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Headers, Injection,
                         testing::Values("\r\nBcc: x@y.example", "\nBcc: x@y.example", "\rx", std::string("\0", 1),
                                         "\xE2\x80\xA8", "\xC2\x85", "\xFF", "\x7F", "\t"));

TEST(Compose, MalformedAddressesAndKeysAreRefused) {
  for (const char* to : {"", "ann", "@example.com", "ann@", "a@b@c", "Ann <ann@example.com>", "ann@example.com,b@c.de",
                         "ann@exa mple.com", "nguyễn@example.com", "<ann@example.com>"}) {
    Message bad = message();
    bad.to = to;
    EXPECT_THROW(compose(bad, "k", date), Error) << to;
  }
  for (const std::string& key : {std::string(), std::string(257, 'k'), std::string("a b"), std::string("a\r\nb")}) {
    EXPECT_THROW(compose(message(), key, date), Error) << key;
  }
  Message bad = message();
  bad.text = "\xC3";
  EXPECT_THROW(compose(bad, "k", date), Error);
  bad.text = std::string((1u << 20) + 1, 'x');
  EXPECT_THROW(compose(bad, "k", date), Error);
}

TEST(ParseAddress, TakesBareAndNamedAddresses) {
  EXPECT_EQ(parse_address(" hello@shop.example ").mailbox, "hello@shop.example");
  EXPECT_EQ(parse_address("hello@shop.example").name, "");
  const Address named = parse_address("Đại Việt <hello@shop.example>");
  EXPECT_EQ(named.name, "Đại Việt");
  EXPECT_EQ(named.mailbox, "hello@shop.example");
  EXPECT_EQ(parse_address(R"("Ann \"the\" <boss>" <a@b.example>)").name, R"(Ann "the" <boss>)");
  EXPECT_THROW(parse_address("Shop <hello@shop.example> x"), Error);
}

}  // namespace
}  // namespace slipway::mail
