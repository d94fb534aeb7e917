#include <gmock/gmock.h>

#include "cli/exit_code.hpp"
#include "cli/harness.hpp"

namespace slipway::cli::test {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

const std::string by_id = std::string("/v1/tenants/") + acme_id;

class Tenants : public CommandTest {
 protected:
  Tenants() { answer("GET /v1/tenants", fmt::format(R"({{"tenants":[{}],"next":null}})", acme("active"))); }
};

TEST_F(Tenants, ListIsATableInColumns) {
  const std::string other =
      R"({"tenantId":"t_01jdd2x8k40a1b2c3d4f","subdomain":"tokyo-coffee","company_name":"東京 Cà phê","plan":"large",)"
      R"("status":"failed","accessUrl":null,"createdAt":"2026-11-21T15:42:00.000Z"})";
  answer("GET /v1/tenants", fmt::format(R"({{"tenants":[{},{}],"next":null}})", acme("active"), other));
  const Outcome outcome = slipway({"ls"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out,
            "SUBDOMAIN     STATUS  COMPANY      PLAN     URL                          AGE  ID\n"
            "acme          active  Acme Ltd     default  http://acme.localhost:20001  5m   t_01jdd2x8k40a1b2c3d4e\n"
            "tokyo-coffee  failed  東京 Cà phê  large    -                            2d   t_01jdd2x8k40a1b2c3d4f\n");
}

TEST_F(Tenants, ListFetchesEveryPage) {
  server.on("GET /v1/tenants", [](const slipway::test::ImposterRequest& request) {
    slipway::test::ImposterResponse response;
    const bool second = request.target.find("after=t_01jdd2x8k40a1b2c3d4e") != std::string::npos;
    response.body =
        fmt::format(R"({{"tenants":[{}],"next":{}}})", acme("failed"), second ? "null" : "\"t_01jdd2x8k40a1b2c3d4e\"");
    return response;
  });
  const Outcome outcome = slipway({"ls", "--status", "failed", "--json"});
  EXPECT_EQ(outcome.code, exit_ok);
  const auto all = boost::json::parse(outcome.out);
  EXPECT_EQ(all.at("tenants").as_array().size(), 2u);
  EXPECT_TRUE(all.at("next").is_null());
  for (const auto& request : server.requests()) EXPECT_THAT(request.target, HasSubstr("status=failed"));

  const Outcome limited = slipway({"ls", "--limit", "1"});
  EXPECT_THAT(limited.out, EndsWith("there are more; --limit shows them\n"));
  EXPECT_EQ(server.requests().size(), 3u);
}

TEST_F(Tenants, AnEmptyListSaysWhatToDo) {
  answer("GET /v1/tenants", R"({"tenants":[],"next":null})");
  EXPECT_EQ(slipway({"ls"}).out, "no tenants yet; `slipway provision` makes one\n");
  EXPECT_EQ(slipway({"ls", "--status", "failed"}).out, "no tenant is failed\n");
  EXPECT_EQ(slipway({"ls", "--json"}).out, "{\"tenants\":[],\"next\":null}\n");
}

TEST_F(Tenants, ShowTellsAllThatIsKnown) {
  answer(
      "GET " + by_id,
      acme("crash_loop", R"(,"reason":"the app exited with code 1","desired":"running","image":"shop:1","crashes":5,)"
                         R"("readyAt":null,"metadata":{"source":"cli"},)"
                         R"("mail":[{"purpose":"welcome","state":"sent","sentAt":"2026-11-23T15:37:02.500Z"}])"));
  EXPECT_EQ(slipway({"show", acme_id}).out,
            "subdomain  acme\n"
            "status     crash_loop\n"
            "reason     the app exited with code 1\n"
            "wanted     running\n"
            "URL        http://acme.localhost:20001\n"
            "company    Acme Ltd\n"
            "admin      ann@example.com\n"
            "plan       default\n"
            "image      shop:1\n"
            "crashes    5\n"
            "created    2026-11-23 15:37:00Z\n"
            "source     cli\n"
            "mail       welcome: sent 2026-11-23 15:37:02Z\n"
            "user       u-7\n"
            "id         t_01jdd2x8k40a1b2c3d4e\n");
}

TEST_F(Tenants, AreFoundBySubdomainToo) {
  answer("GET " + by_id, acme("active"));
  const Outcome outcome = slipway({"show", "ACME", "--json"});
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_EQ(outcome.out, acme("active") + "\n");
  EXPECT_EQ(server.requests().front().target, "/v1/tenants?subdomain=acme");
}

TEST_F(Tenants, AnUnknownOneIsNotFound) {
  answer("GET /v1/tenants", R"({"tenants":[],"next":null})");
  const Outcome by_name = slipway({"show", "nobody"});
  EXPECT_EQ(by_name.code, exit_not_found);
  EXPECT_EQ(by_name.err, "slipway: no tenant has the subdomain 'nobody'; `slipway ls` lists them\n");
  answer("GET " + by_id, R"({"status":404,"detail":"there is no tenant t_01jdd2x8k40a1b2c3d4e"})", 404);
  EXPECT_EQ(slipway({"show", acme_id}).code, exit_not_found);
  EXPECT_EQ(slipway({"show", "not/a/name"}).code, exit_usage);
}

TEST_F(Tenants, AreSuspendedResumedRestartedAndRetried) {
  for (const std::string verb : {"suspend", "resume", "restart", "retry"}) {
    answer(fmt::format("POST {}/{}", by_id, verb), acme("suspending"), 202);
    const Outcome outcome = slipway({verb, "acme"});
    EXPECT_EQ(outcome.code, exit_ok) << verb << outcome.err;
    EXPECT_EQ(outcome.out, "acme: suspending\n");
    EXPECT_EQ(slipway({verb, "acme", "--json"}).out, acme("suspending") + "\n");
  }
  answer(fmt::format("POST {}/retry", by_id),
         R"({"status":409,"detail":"acme is active; only what failed is retried"})", 409);
  const Outcome refused = slipway({"retry", "acme"});
  EXPECT_EQ(refused.code, exit_refused);
  EXPECT_EQ(refused.err, "slipway: acme is active; only what failed is retried\n");
}

class Remove : public Tenants {
 protected:
  Remove() {
    answer("GET " + by_id, acme("active"));
    answer("DELETE " + by_id, acme("deleting"), 202);
  }
  std::size_t deletions() const { return server.requests("DELETE " + by_id).size(); }
};

TEST_F(Tenants, ApplyToAllGoesThroughThoseThatAreOutdated) {
  const auto with = [](bool outdated) {
    const std::string text = acme("active");
    return text.substr(0, text.size() - 1) + fmt::format(R"(,"desired":"running","outdated":{}}})", outdated);
  };
  answer("GET /v1/tenants", fmt::format(R"({{"tenants":[{}],"next":null}})", with(true)));
  answer("GET " + by_id + "/events", R"({"events":[],"last":7})");
  answer("POST " + by_id + "/apply", with(true));
  answer("GET " + by_id, with(false));
  EXPECT_EQ(slipway({"apply", "--all"}).code, exit_ok);
  EXPECT_EQ(server.requests("POST " + by_id + "/apply").size(), 1u);

  answer("GET /v1/tenants", fmt::format(R"({{"tenants":[{}],"next":null}})", with(false)));
  EXPECT_THAT(slipway({"apply", "--all"}).out, HasSubstr("no tenant's settings have changed"));
  EXPECT_EQ(server.requests("POST " + by_id + "/apply").size(), 1u);
  EXPECT_NE(slipway({"apply"}).code, exit_ok);
}

TEST_F(Remove, NeedsYesWhereNobodyCanBeAsked) {
  const Outcome outcome = slipway({"rm", "acme"});
  EXPECT_EQ(outcome.code, exit_usage);
  EXPECT_THAT(outcome.err, HasSubstr("needs --yes"));
  EXPECT_EQ(deletions(), 0u);
  EXPECT_EQ(slipway({"rm", "acme", "--yes"}).out, "acme: deleting\n");
  EXPECT_EQ(deletions(), 1u);
}

TEST_F(Remove, AsksForTheSubdomainOnATerminal) {
  terminal = true;
  input = "y\n";
  const Outcome refused = slipway({"rm", "acme"});
  EXPECT_EQ(refused.code, exit_refused);
  EXPECT_THAT(refused.out, HasSubstr("This deletes acme (Acme Ltd) with its database"));
  EXPECT_EQ(refused.err, "slipway: that is not its subdomain; nothing was deleted\n");
  EXPECT_EQ(deletions(), 0u);
  input = "acme\n";
  EXPECT_EQ(slipway({"rm", "acme"}).code, exit_ok);
  EXPECT_EQ(deletions(), 1u);
}

TEST_F(Remove, WaitsUntilItIsGone) {
  answers("GET " + by_id + "/events",
          {R"({"events":[{"seq":8,"kind":"step","step":"probe","message":"long ago"}],"last":8})",
           R"({"events":[{"seq":9,"kind":"step","step":"drop_database","message":"database dropped"}],"last":9})",
           R"({"events":[],"last":9})"});
  answers("GET " + by_id, {acme("deleting"), acme("deleted")});
  const Outcome outcome = slipway({"rm", "-y", "--wait", "acme"});
  EXPECT_EQ(outcome.code, exit_ok);
  EXPECT_EQ(outcome.out, "  ✓ database dropped\nacme: deleted\n");
  const auto polls = server.requests("GET " + by_id + "/events");
  ASSERT_GE(polls.size(), 2u);
  EXPECT_THAT(polls[0].target, HasSubstr("after=0&limit=1&"));
  EXPECT_THAT(polls[1].target, HasSubstr("after=8&"));
}

TEST_F(Remove, DoesNotWaitForEver) {
  answer("GET " + by_id + "/events", R"({"events":[],"last":0})");
  answer("GET " + by_id, acme("deleting"));
  clock.step = Millis(500);
  const Outcome outcome = slipway({"rm", "-y", "--wait", "--timeout", "3", "acme", "--json"});
  EXPECT_EQ(outcome.code, exit_timed_out);
  EXPECT_EQ(outcome.out, acme("deleting") + "\n");
}

}  // namespace
}  // namespace slipway::cli::test
