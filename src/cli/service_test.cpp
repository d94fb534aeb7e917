#include <gmock/gmock.h>

#include "cli/exit_code.hpp"
#include "cli/harness.hpp"

namespace slipway::cli::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Service = CommandTest;

TEST_F(Service, MailsAreATable) {
  const std::string mails =
      R"({"mail":[{"tenantId":"t_01jdd2x8k40a1b2c3d4e","subdomain":"acme","to":"ann@example.com","purpose":"welcome",)"
      R"("state":"sent","attempts":1,"sentAt":"2026-11-23T15:42:00.000Z","error":null},)"
      R"({"tenantId":"t_x","subdomain":"b","to":"bob@example.com","purpose":"welcome","state":"failed","attempts":4,)"
      R"("sentAt":null,"error":"550 no such user"}]})";
  answer("GET /v1/mail", mails);
  const Outcome outcome = slipway({"mail", "--limit", "3"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out,
            "SUBDOMAIN  PURPOSE  TO               STATE   TRIES  SENT                  ERROR\n"
            "acme       welcome  ann@example.com  sent    1      2026-11-23 15:42:00Z  -\n"
            "b          welcome  bob@example.com  failed  4      -                     550 no such user\n");
  EXPECT_EQ(server.requests().front().target, "/v1/mail?limit=3");
  EXPECT_EQ(slipway({"mail", "--json"}).out, mails.substr(0, mails.size() - 1) + ",\"next\":null}\n");
  answer("GET /v1/mail", R"({"mail":[]})");
  EXPECT_EQ(slipway({"mail"}).out, "no mail yet\n");
}

TEST_F(Service, MailsAreReadPageAfterPage) {
  server.on("GET /v1/mail", [](const slipway::test::ImposterRequest& request) {
    const bool second = request.target.find("after=t_01jdd2x8k40a1b2c3d4e%2Fwelcome%2F1") != std::string::npos;
    const std::string mail = R"({"subdomain":"acme","purpose":"welcome","to":"a","state":"sent","attempts":1})";
    slipway::test::ImposterResponse response;
    response.body = fmt::format(R"({{"mail":[{}],"next":{}}})", second ? mail : mail + "," + mail,
                                second ? "null" : "\"t_01jdd2x8k40a1b2c3d4e/welcome/1\"");
    return response;
  });
  const std::string all = slipway({"mail"}).out;
  EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), 1 + 3) << all;
  EXPECT_EQ(server.requests().size(), 2u);
  EXPECT_THAT(slipway({"mail", "--limit", "2"}).out, HasSubstr("there are more; --limit shows them"));
}

TEST_F(Service, StatusIsForPeople) {
  const std::string status =
      R"({"version":"0.1.0","tenants":{"active":3,"crash_loop":1},"signUpToReady":{"windowHours":24,"count":4,)"
      R"("p50Ms":1200,"p95Ms":85000},"due":{"tenants":2,"oldestMs":12000},"ports":{"free":6,"leased":3,"held":1},)"
      R"("mailOwed":{"tenants":0,"oldestMs":null}})";
  answer("GET /v1/status", status);
  const Outcome outcome = slipway({"status"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out,
            "  active          3\n"
            "  crash_loop      1\n"
            "sign-up to ready  p50 1.2 s, p95 1 min 25 s (4 in the last 24 h)\n"
            "waiting for work  2 tenants, the oldest for 12.0 s\n"
            "mail owed         none\n"
            "ports             3 leased, 1 held by other programs, 6 free\n"
            "server            0.1.0\n");
  EXPECT_EQ(slipway({"status", "--json"}).out, status + "\n");
  answer("GET /v1/status", R"({"version":"1","tenants":{},"signUpToReady":{"windowHours":24,"count":0}})");
  EXPECT_THAT(slipway({"status"}).out, HasSubstr("none yet"));
  EXPECT_THAT(slipway({"status"}).out, HasSubstr("no sign-up became ready in the last 24 h"));
}

TEST_F(Service, SweepShowsWhatIsLeftBehind) {
  answer(
      "POST /v1/sweep",
      R"({"orphans":[{"kind":"container","name":"sw_a1b2c3_x","tenantId":"t_x","firstSeen":"2026-11-23T14:00:00.000Z",)"
      R"("removed":true},{"kind":"role","name":"sw_y","tenantId":"","firstSeen":"2026-11-23T15:41:00.000Z",)"
      R"("removed":false}],"drifted":["t_01jdd2x8k40a1b2c3d4e"]})");
  const Outcome outcome = slipway({"sweep"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out,
            "KIND       NAME         TENANT  FIRST SEEN            STATE\n"
            "container  sw_a1b2c3_x  t_x     2026-11-23 14:00:00Z  removed\n"
            "role       sw_y         -       2026-11-23 15:41:00Z  left for now\n"
            "t_01jdd2x8k40a1b2c3d4e differed and is being mended\n");
  EXPECT_EQ(server.requests().front().target, "/v1/sweep?dry_run=0&unknown=0");
  answer("POST /v1/sweep", R"({"orphans":[],"drifted":[]})");
  EXPECT_EQ(slipway({"sweep", "--dry-run"}).out, "nothing is left behind\n");
  EXPECT_EQ(server.requests().back().target, "/v1/sweep?dry_run=1&unknown=0");
  EXPECT_EQ(slipway({"sweep", "--json"}).out, "{\"orphans\":[],\"drifted\":[]}\n");
}

TEST_F(Service, VersionIsThisProgramsAndTheServers) {
  answer("GET /v1/version", R"({"version":"1.2.4"})");
  EXPECT_EQ(slipway({"version"}).out, "slipway 1.2.3\nserver  1.2.4\n");
  EXPECT_EQ(slipway({"version", "--json"}).out, "{\"version\":\"1.2.3\",\"server\":\"1.2.4\"}\n");
  const Outcome alone = slipway({"version", "--server", "unix:///nowhere/slipway.sock"});
  EXPECT_EQ(alone.code, exit_ok);
  EXPECT_THAT(alone.out, StartsWith("slipway 1.2.3\nserver  not reached: "));
  EXPECT_EQ(slipway({"version", "--json", "--server", "unix:///nowhere/s"}).out,
            "{\"version\":\"1.2.3\",\"server\":null}\n");
}

TEST_F(Service, AServerThatIsNotThereIsSaidWithWhatToDo) {
  const Outcome outcome = slipway({"ls", "--server", "unix:///nowhere/slipway.sock"});
  EXPECT_EQ(outcome.code, exit_unreachable);
  EXPECT_THAT(outcome.err, StartsWith("slipway: cannot reach Slipway: connect to unix:///nowhere/slipway.sock: "));
  EXPECT_THAT(outcome.err, HasSubstr("is `slipway serve` running"));
  EXPECT_EQ(outcome.out, "");
}

TEST_F(Service, EachKindOfRefusalHasItsCode) {
  const std::vector<std::pair<int, int>> codes = {
      {400, exit_usage},       {401, exit_refused},    {403, exit_refused}, {404, exit_not_found},
      {409, exit_refused},     {429, exit_refused},    {500, exit_failed},  {502, exit_unreachable},
      {503, exit_unreachable}, {504, exit_unreachable}};
  for (const auto& [status, code] : codes) {
    answer("GET /v1/mail", R"({"detail":"because","requestId":"r_9"})", status);
    const Outcome outcome = slipway({"mail"});
    EXPECT_EQ(outcome.code, code) << status;
    EXPECT_EQ(outcome.err, status >= 500 ? "slipway: because (request r_9)\n" : "slipway: because\n");
  }
}

TEST_F(Service, AnAnswerThatIsNotOursIsSaid) {
  answer("GET /v1/mail", "<html>hello</html>");
  EXPECT_EQ(slipway({"mail"}).code, exit_failed);
  answer("GET /v1/mail", "[]");
  EXPECT_THAT(slipway({"mail"}).err, HasSubstr("is it Slipway?"));
  answer("GET /v1/mail", "<html>no</html>", 502);
  EXPECT_EQ(slipway({"mail"}).err, "slipway: the server answered with status 502\n");
}

}  // namespace
}  // namespace slipway::cli::test
