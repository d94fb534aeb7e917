#include "drivers/mail/resend/resend_mailer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "tests/imposter/imposter.hpp"

namespace slipway::mail {
namespace {

using std::chrono::seconds;
using test::Imposter;
using test::ImposterResponse;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Message message() {
  return {"Shop <hello@shop.example>", "help@shop.example", "ann@example.com", "Chào 🚀", "text", "<p>html</p>"};
}

ImposterResponse json(int status, std::string body, net::Headers headers = {}) {
  ImposterResponse response;
  response.status = status;
  response.headers = std::move(headers);
  response.headers.emplace_back("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

ResendMailer mailer_for(const Imposter& server, Millis timeout = seconds(10)) {
  return ResendMailer({Secret("re_very_secret"), server.base_url(), timeout, ""});
}

Error error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was thrown";
  return Error(ErrorKind::internal, "nothing was thrown");
}

struct Documented {
  int status;
  const char* name;
  const char* header;  // Retry-After, or null
  ErrorKind kind;
  bool retryable;
  std::optional<seconds> wait;
};

class ResendErrors : public testing::TestWithParam<Documented> {};

TEST_P(ResendErrors, AreTreatedAsDocumented) {
  const Documented& row = GetParam();
  net::Response answer;
  answer.status = row.status;
  answer.body = std::string(R"({"statusCode":)") + std::to_string(row.status) + R"(,"name":")" + row.name +
                R"(","message":"Too bad."})";
  if (row.header != nullptr) answer.headers.emplace_back("Retry-After", row.header);
  const Error error = resend_error(answer);
  EXPECT_EQ(error.kind(), row.kind);
  EXPECT_EQ(error.retryable(), row.retryable);
  EXPECT_EQ(error.retry_after(), row.wait);
  EXPECT_THAT(error.message(),
              AllOf(HasSubstr("resend"), HasSubstr("Too bad."), HasSubstr(std::to_string(row.status))));
}

constexpr auto none = std::nullopt;
INSTANTIATE_TEST_SUITE_P(
    Resend, ResendErrors,
    testing::Values(
        Documented{400, "validation_error", nullptr, ErrorKind::invalid, false, none},
        Documented{400, "invalid_idempotency_key", nullptr, ErrorKind::invalid, false, none},
        Documented{401, "missing_api_key", nullptr, ErrorKind::unauthorized, false, none},
        Documented{401, "restricted_api_key", nullptr, ErrorKind::unauthorized, false, none},
        Documented{403, "invalid_api_key", nullptr, ErrorKind::unauthorized, false, none},
        Documented{403, "validation_error", nullptr, ErrorKind::forbidden, false, none},
        Documented{403, "invalid_from_address", nullptr, ErrorKind::forbidden, false, none},
        Documented{404, "not_found", nullptr, ErrorKind::invalid, false, none},
        Documented{405, "method_not_allowed", nullptr, ErrorKind::invalid, false, none},
        Documented{409, "invalid_idempotent_request", nullptr, ErrorKind::conflict, false, none},
        Documented{409, "concurrent_idempotent_requests", nullptr, ErrorKind::unavailable, true, seconds(1)},
        Documented{422, "missing_required_field", nullptr, ErrorKind::invalid, false, none},
        Documented{422, "invalid_attachment", nullptr, ErrorKind::invalid, false, none},
        Documented{429, "rate_limit_exceeded", "7", ErrorKind::limited, true, seconds(7)},
        Documented{429, "rate_limit_exceeded", nullptr, ErrorKind::limited, true, seconds(1)},
        Documented{429, "rate_limit_exceeded", "0", ErrorKind::limited, true, seconds(1)},
        Documented{429, "rate_limit_exceeded", "-5", ErrorKind::limited, true, seconds(1)},
        Documented{429, "rate_limit_exceeded", "soon", ErrorKind::limited, true, seconds(1)},
        Documented{429, "rate_limit_exceeded", "999999999999999999", ErrorKind::limited, true, seconds(86'400)},
        Documented{429, "daily_quota_exceeded", "1", ErrorKind::limited, true, seconds(3'600)},
        Documented{429, "daily_quota_exceeded", "7200", ErrorKind::limited, true, seconds(7'200)},
        Documented{429, "monthly_quota_exceeded", nullptr, ErrorKind::limited, true, seconds(21'600)},
        Documented{429, "something_new", "3", ErrorKind::limited, true, seconds(3)},
        Documented{451, "security_error", nullptr, ErrorKind::invalid, false, none},
        Documented{500, "application_error", nullptr, ErrorKind::unavailable, true, none},
        Documented{500, "internal_server_error", nullptr, ErrorKind::unavailable, true, none},
        Documented{502, "", nullptr, ErrorKind::unavailable, true, none},
        Documented{503, "", nullptr, ErrorKind::unavailable, true, none}));

TEST(ResendMailer, SendsWhatTheApiDocuments) {
  Imposter server;
  server.on("POST /emails", json(200, R"({"id":"49a3999c-0ce1"})"));
  ResendMailer mailer = mailer_for(server);
  EXPECT_EQ(mailer.send(message(), "t_1/welcome/1"), "49a3999c-0ce1");
  ASSERT_EQ(server.requests().size(), 1u);
  const auto request = server.requests().front();
  EXPECT_EQ(net::header(request.headers, "authorization"), "Bearer re_very_secret");
  EXPECT_EQ(net::header(request.headers, "idempotency-key"), "t_1/welcome/1");
  EXPECT_EQ(net::header(request.headers, "content-type"), "application/json");
  EXPECT_NE(net::header(request.headers, "user-agent"), "");
  const boost::json::value wanted = {{"from", "Shop <hello@shop.example>"},
                                     {"to", boost::json::array{"ann@example.com"}},
                                     {"subject", "Chào 🚀"},
                                     {"reply_to", "help@shop.example"},
                                     {"text", "text"},
                                     {"html", "<p>html</p>"}};
  EXPECT_EQ(boost::json::parse(request.body), wanted);
}

TEST(ResendMailer, ARepeatHasTheSameBytes) {
  Imposter server;
  server.on("POST /emails", json(200, R"({"id":"1"})"));
  mailer_for(server).send(message(), "k");
  mailer_for(server).send(message(), "k");
  ASSERT_EQ(server.requests().size(), 2u);
  EXPECT_EQ(server.requests()[0].body, server.requests()[1].body);
}

TEST(ResendMailer, WhatTheNetworkDoesIsUnavailable) {
  Imposter server;
  ResendMailer mailer = mailer_for(server, Millis(300));
  ImposterResponse torn = json(200, R"({"id":"49a3999c-0ce1"})");
  torn.truncate_after = 5;
  ImposterResponse reset;
  reset.reset = true;
  ImposterResponse silent;
  silent.never = true;
  for (const ImposterResponse& fault : {torn, reset, silent, json(200, "<html>"), json(200, R"({"id":7})"),
                                        json(200, "{}"), json(503, "<html>busy</html>")}) {
    server.on("POST /emails", fault);
    const Error error = error_of([&] { mailer.send(message(), "k"); });
    EXPECT_EQ(error.kind(), ErrorKind::unavailable) << error.message();
    EXPECT_THAT(error.message(), HasSubstr("resend"));
  }
}

TEST(ResendMailer, TheApiKeyIsInNoError) {
  Imposter server;
  server.on("*", json(403, R"({"name":"invalid_api_key","message":"API key re_very_secret is invalid"})"));
  ResendMailer mailer = mailer_for(server);
  for (const auto& call :
       {std::function<void()>([&] { mailer.send(message(), "k"); }), std::function<void()>([&] { mailer.check(); })}) {
    const Error error = error_of(call);
    EXPECT_EQ(error.kind(), ErrorKind::unauthorized);
    EXPECT_THAT(error.message(), AllOf(HasSubstr("***"), Not(HasSubstr("re_very_secret"))));
  }
}

TEST(ResendMailer, CheckTakesAKeyThatMayOnlySend) {
  Imposter server;
  server.on("GET /domains", json(200, R"({"data":[]})"));
  EXPECT_EQ(mailer_for(server).check(), "Resend");
  server.on("GET /domains", json(401, R"({"name":"restricted_api_key","message":"This API key is restricted"})"));
  EXPECT_THAT(mailer_for(server).check(), HasSubstr("sending only"));
  server.on("GET /domains", json(403, R"({"name":"invalid_api_key","message":"API key is invalid"})"));
  EXPECT_EQ(error_of([&] { mailer_for(server).check(); }).kind(), ErrorKind::unauthorized);
}

}  // namespace
}  // namespace slipway::mail
