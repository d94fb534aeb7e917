#include <gmock/gmock.h>

#include "cli/exit_code.hpp"
#include "cli/harness.hpp"

namespace slipway::cli::test {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const std::string events_path = std::string("GET /v1/tenants/") + acme_id + "/events";
const std::string tenant_path = std::string("GET /v1/tenants/") + acme_id;
const std::string sent = R"(,"emailSent":true,"mail":[{"purpose":"welcome","state":"sent","attempts":1}])";

class Provision : public CommandTest {
 protected:
  Provision() {
    answer("POST /provision", fmt::format(R"({{"tenantId":"{}","status":"provisioning"}})", acme_id), 202);
  }
  // Two pages of the timeline, then silence, while the tenant becomes `status`.
  void goes_well(const std::string& status, const std::string& more) {
    answers(
        events_path,
        {R"({"events":[{"seq":1,"at":"2026-11-23T15:42:00.000Z","kind":"signed_up","message":"sign-up accepted"},)"
         R"({"seq":2,"kind":"step","step":"lease_port","message":"port 20001 leased"}],"last":2})",
         R"({"events":[{"seq":3,"kind":"progress","step":"create_instance","message":"pulling: 3 of 5 layers"},)"
         R"({"seq":4,"kind":"step","step":"create_database","message":"database ready","durationMs":85}],"last":4})",
         R"({"events":[],"last":4})"});
    answers(tenant_path, {acme("provisioning"), acme(status, more)});
  }
  std::vector<std::string> args(const std::vector<std::string>& more = {}) {
    std::vector<std::string> all = {"provision", "--email",   "ann@example.com", "--subdomain",
                                    "acme",      "--company", "Acme Ltd"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
};

TEST_F(Provision, ShowsEachStepAsPlainLinesAndEndsWithUrlAndMail) {
  goes_well("active", sent);
  const Outcome outcome = slipway(args());
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out,
            "acme t_01jdd2x8k40a1b2c3d4e\n"
            "  · sign-up accepted\n"
            "  ✓ port 20001 leased\n"
            "  … pulling: 3 of 5 layers\n"
            "  ✓ database ready                            85 ms\n"
            "acme: active\n"
            "URL   http://acme.localhost:20001\n"
            "mail  welcome sent to ann@example.com\n");
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Provision, SendsWhatItWasGiven) {
  goes_well("active", sent);
  EXPECT_EQ(slipway(args({"--user-id", "u-7", "--plan", "large", "--metadata", "source=cli", "--metadata", "a=b=c",
                          "--idempotency-key", "k 1"}))
                .code,
            exit_ok);
  const auto requests = server.requests("POST /provision");
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].target, "/provision");
  EXPECT_EQ(net::header(requests[0].headers, "Idempotency-Key"), "k 1");
  EXPECT_EQ(net::header(requests[0].headers, "Content-Type"), "application/json");
  EXPECT_EQ(boost::json::parse(requests[0].body), boost::json::parse(R"({"admin_email":"ann@example.com",
      "subdomain":"acme","company_name":"Acme Ltd","userId":"u-7","plan":"large",
      "metadata":{"source":"cli","a":"b=c"}})"));
  // It asks for what comes after what it has seen, and lets the server hold the answer.
  const auto polls = server.requests(events_path);
  ASSERT_GE(polls.size(), 2u);
  EXPECT_THAT(polls[0].target, HasSubstr("after=0"));
  EXPECT_THAT(polls[1].target, AllOf(HasSubstr("after=2"), HasSubstr("wait=20")));
}

TEST_F(Provision, WaitsForTheFirstTryOfTheMail) {
  answer(events_path, R"({"events":[],"last":0})");
  const std::string pending = R"(,"mail":[{"purpose":"welcome","state":"pending","attempts":)";
  answers(tenant_path, {acme("active", pending + "0}]"), acme("active", pending + R"(1,"error":"450 later"}])")});
  const Outcome outcome = slipway(args());
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_THAT(outcome.out, EndsWith("mail  welcome to ann@example.com is pending: 450 later\n"));
}

TEST_F(Provision, OnATerminalTheLastLineSaysWhatGoesOn) {
  terminal = true;
  colours = true;
  goes_well("active", sent);
  const Outcome outcome = slipway(args());
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_THAT(outcome.out, HasSubstr("\r\x1b[K\x1b[2m  … pulling: 3 of 5 layers\x1b[0m 0s"));
  EXPECT_THAT(outcome.out, HasSubstr("\r\x1b[K  \x1b[32m✓\x1b[0m database ready"));
  EXPECT_THAT(outcome.out, HasSubstr("acme: \x1b[32mactive\x1b[0m\n"));
}

TEST_F(Provision, WithoutColoursATerminalGetsNone) {
  terminal = true;
  goes_well("active", sent);
  const std::string out = slipway(args()).out;
  EXPECT_THAT(out, Not(HasSubstr("\x1b[0m")));
  EXPECT_THAT(out, Not(HasSubstr("\x1b[32m")));
  EXPECT_THAT(out, HasSubstr("  ✓ database ready"));
}

TEST_F(Provision, JsonIsOneDocument) {
  goes_well("active", sent);
  const Outcome outcome = slipway(args({"--json"}));
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_EQ(boost::json::parse(outcome.out), boost::json::parse(acme("active", sent)));
}

TEST_F(Provision, AFailedOneSaysWhyAndFails) {
  answers(
      events_path,
      {R"({"events":[{"seq":1,"kind":"error","step":"create_instance","message":"docker: no such image"}],"last":1})",
       R"({"events":[],"last":1})"});
  answer(tenant_path, acme("failed", R"(,"reason":"docker: no such image")"));
  const Outcome outcome = slipway(args());
  EXPECT_EQ(outcome.code, exit_failed);
  EXPECT_EQ(outcome.out,
            "acme t_01jdd2x8k40a1b2c3d4e\n"
            "  ✗ create_instance: docker: no such image\n"
            "acme: failed: docker: no such image\n");
  const Outcome json = slipway(args({"--json"}));
  EXPECT_EQ(json.code, exit_failed);
  EXPECT_EQ(boost::json::parse(json.out).at("status").as_string(), "failed");
}

TEST_F(Provision, OneThatWasThereAlreadyIsShownAsItIs) {
  answer("POST /provision", fmt::format(R"({{"tenantId":"{}","status":"active"}})", acme_id), 200);
  answer(tenant_path, acme("active", sent));
  const Outcome outcome = slipway(args());
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_EQ(outcome.out,
            "acme t_01jdd2x8k40a1b2c3d4e\n"
            "acme: active\n"
            "URL   http://acme.localhost:20001\n"
            "mail  welcome sent to ann@example.com\n");
  EXPECT_TRUE(server.requests(events_path).empty());
}

TEST_F(Provision, ShowsWhatHappenedWhileItLookedForTheLastTime) {
  answers(events_path, {R"({"events":[],"last":1})",
                        R"({"events":[{"seq":2,"kind":"step","message":"welcome mail sent"}],"last":2})",
                        R"({"events":[],"last":2})"});
  answer(tenant_path, acme("active", sent));
  EXPECT_THAT(slipway(args()).out, HasSubstr("  ✓ welcome mail sent\nacme: active\n"));
}

TEST_F(Provision, EndsWhenItsTimeIsUp) {
  answer(events_path, R"({"events":[],"last":0})");
  answer(tenant_path, acme("provisioning"));
  clock.step = Millis(400);
  const Outcome outcome = slipway(args({"--wait", "3"}));
  EXPECT_EQ(outcome.code, exit_timed_out);
  EXPECT_THAT(outcome.out,
              EndsWith("acme: provisioning\n"
                       "still going on after 3 s; `slipway events -f t_01jdd2x8k40a1b2c3d4e` follows it\n"));
}

TEST_F(Provision, WithoutWaitingItReturnsAtOnce) {
  const Outcome outcome = slipway(args({"--no-wait"}));
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_EQ(outcome.out,
            "t_01jdd2x8k40a1b2c3d4e provisioning; `slipway events -f t_01jdd2x8k40a1b2c3d4e` follows it\n");
  EXPECT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(slipway(args({"--no-wait", "--json"})).out,
            "{\"tenantId\":\"t_01jdd2x8k40a1b2c3d4e\",\"status\":\"provisioning\"}\n");
}

TEST_F(Provision, RefusalsHaveTheServersWordsAndTheirOwnCode) {
  answer("POST /provision",
         R"({"title":"Conflict","status":409,"detail":"subdomain: is taken","requestId":"r_1",)"
         R"("errors":[{"field":"subdomain","message":"is taken"}]})",
         409);
  const Outcome taken = slipway(args());
  EXPECT_EQ(taken.code, exit_refused);
  EXPECT_EQ(taken.err, "slipway: subdomain: is taken\n");
  EXPECT_EQ(taken.out, "");
  answer("POST /provision",
         R"({"detail":"2 fields are wrong","errors":[{"field":"plan","message":"no such plan"},)"
         R"({"field":"admin_email","message":"is \u001b[31mbad"}]})",
         400);
  const Outcome invalid = slipway(args());
  EXPECT_EQ(invalid.code, exit_usage);
  EXPECT_EQ(invalid.err, "slipway: 2 fields are wrong\n    plan: no such plan\n    admin_email: is \\x1b[31mbad\n");
}

TEST_F(Provision, MetadataIsKeyAndValue) {
  const Outcome outcome = slipway(args({"--metadata", "novalue"}));
  EXPECT_EQ(outcome.code, exit_usage);
  EXPECT_THAT(outcome.err, StartsWith("slipway: --metadata 'novalue' must be KEY=VALUE"));
  EXPECT_TRUE(server.requests().empty());
}

TEST_F(Provision, WhatTheServerSaysCannotDriveTheTerminal) {
  answers(events_path,
          {R"({"events":[{"seq":1,"kind":"step","step":"x","message":"a\u001b]0;title\u0007\u202e"}],"last":1})"});
  answer(tenant_path, acme("failed", R"(,"reason":"\u001b[2Jgone\r\nforged")"));
  const Outcome outcome = slipway(args());
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(outcome.out, HasSubstr("  ✓ a\\x1b]0;title\\x07\\u202e\n"));
  EXPECT_THAT(outcome.out, EndsWith("acme: failed: \\x1b[2Jgone\\x0d\\x0aforged\n"));
}

}  // namespace
}  // namespace slipway::cli::test
