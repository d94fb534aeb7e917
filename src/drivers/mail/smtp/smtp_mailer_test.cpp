#include "drivers/mail/smtp/smtp_mailer.hpp"

#include <curl/curl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "drivers/mail/smtp/curl_smtp.hpp"

// What a real server does is tested in tests/contract; here stands how its replies are read.
namespace slipway::mail {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

SmtpOptions options() {
  SmtpOptions o;
  o.host = "mail.example";
  o.user = "shop";
  o.password = Secret("hunter2hunter2");
  return o;
}

struct Reply {
  int curl_code;
  const char* reply;
  ErrorKind kind;
};
class SmtpReplies : public testing::TestWithParam<Reply> {};

TEST_P(SmtpReplies, HaveTheirMeaning) {
  const Error error = smtp_error(options(), GetParam().curl_code, "what curl said", GetParam().reply);
  EXPECT_EQ(error.kind(), GetParam().kind) << error.message();
  EXPECT_THAT(error.message(), HasSubstr("smtp mail.example:587"));
}

INSTANTIATE_TEST_SUITE_P(Smtp, SmtpReplies,
                         testing::Values(Reply{CURLE_SEND_ERROR, "550 5.1.1 no such user", ErrorKind::invalid},
                                         Reply{CURLE_WEIRD_SERVER_REPLY, "554 spam", ErrorKind::invalid},
                                         Reply{CURLE_SEND_ERROR, "450 mailbox busy", ErrorKind::limited},
                                         Reply{CURLE_SEND_ERROR, "452 too many", ErrorKind::limited},
                                         Reply{CURLE_SEND_ERROR, "451 greylisted", ErrorKind::unavailable},
                                         Reply{CURLE_WEIRD_SERVER_REPLY, "421 closing", ErrorKind::unavailable},
                                         Reply{CURLE_SEND_ERROR, "530 must log in", ErrorKind::unauthorized},
                                         Reply{CURLE_LOGIN_DENIED, "535 wrong", ErrorKind::unauthorized},
                                         Reply{CURLE_LOGIN_DENIED, "534 too weak", ErrorKind::unauthorized},
                                         Reply{CURLE_LOGIN_DENIED, "250 HELP", ErrorKind::unauthorized},
                                         Reply{CURLE_LOGIN_DENIED, "454 later", ErrorKind::unavailable},
                                         Reply{CURLE_USE_SSL_FAILED, "502 what?", ErrorKind::unavailable},
                                         Reply{CURLE_COULDNT_CONNECT, "", ErrorKind::unavailable},
                                         Reply{CURLE_COULDNT_RESOLVE_HOST, "", ErrorKind::unavailable},
                                         Reply{CURLE_OPERATION_TIMEDOUT, "250 ok", ErrorKind::unavailable},
                                         Reply{CURLE_PEER_FAILED_VERIFICATION, "220 go", ErrorKind::unavailable},
                                         Reply{CURLE_RECV_ERROR, "354 go on", ErrorKind::unavailable}));

TEST(SmtpError, RepeatsTheServersWordsOnOneLine) {
  const Error error = smtp_error(options(), CURLE_SEND_ERROR, "", "550 5.1.1 no\r\n\x01 such user");
  EXPECT_THAT(error.message(), HasSubstr("5.1.1 no  such user"));
  EXPECT_FALSE(has_control_characters(smtp_error(options(), CURLE_SEND_ERROR, "", "550 \xFF\xFE").message()));
}

TEST(SmtpError, NeverHoldsThePassword) {
  const std::string password = options().password.reveal();
  const std::string plain = to_base64(std::string(1, '\0') + "shop" + '\0' + password);
  const Error error = smtp_error(options(), CURLE_LOGIN_DENIED, "for " + password,
                                 "535 wrong: " + password + " " + to_base64(password) + " " + plain);
  EXPECT_THAT(error.message(), AllOf(Not(HasSubstr(password)), Not(HasSubstr(to_base64(password))),
                                     Not(HasSubstr(plain)), HasSubstr("wrong: *** *** ***")));
}

TEST(SmtpError, DoesNotPutThePasswordTogetherAgain) {
  const std::string password = options().password.reveal();
  for (const char* between : {"\xFF", "\x01", "\n", "\xC2\x9B"}) {
    const std::string reply = "535 wrong: " + password.substr(0, 4) + between + password.substr(4);
    EXPECT_THAT(smtp_error(options(), CURLE_LOGIN_DENIED, "", reply).message(), Not(HasSubstr(password))) << between;
  }
}

TEST(SmtpMailer, RefusesToSendAPasswordInPlainText) {
  const SystemClock clock;
  SmtpOptions plain = options();
  plain.security = SmtpSecurity::none;
  EXPECT_THROW(SmtpMailer(plain, clock), Error);
  plain.host = "127.0.0.1";
  EXPECT_NO_THROW(SmtpMailer(plain, clock));
  plain.host = "mail.example";
  plain.user.clear();
  EXPECT_NO_THROW(SmtpMailer(plain, clock));
}

}  // namespace
}  // namespace slipway::mail
