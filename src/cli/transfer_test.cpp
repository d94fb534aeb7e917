#include "cli/transfer.hpp"

#include <gmock/gmock.h>

#include "cli/exit_code.hpp"
#include "cli/harness.hpp"

namespace slipway::cli::test {
namespace {

using testing::HasSubstr;

constexpr const char* of_bakery =
    R"({"userId":"u-8","subdomain":"bakery","company_name":"Bakery","admin_email":"bo@example.com","metadata":{"k":"v"}})";
constexpr const char* of_acme =
    R"({"userId":"u-7","subdomain":"acme","company_name":"Acme Ltd","admin_email":"ann@example.com","plan":"default"})";

class Transfer : public CommandTest {
 protected:
  Transfer() {
    answers("GET /v1/tenants",
            {fmt::format(R"({{"tenants":[{}],"next":"page-2"}})", acme("active")),
             fmt::format(R"({{"tenants":[{}],"next":null}})",
                         R"({"tenantId":"t_2","userId":"u-9","subdomain":"gone","status":"deleted"})")});
  }
  std::vector<std::string> sent() {
    std::vector<std::string> bodies;
    for (const auto& request : server.requests("POST /provision")) bodies.push_back(request.body);
    return bodies;
  }
};

TEST_F(Transfer, ExportsWhatASignUpTakesOfThoseThatAreNotDeleted) {
  const Outcome outcome = slipway({"export"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out, std::string(of_acme) + "\n");
  EXPECT_EQ(server.requests("GET /v1/tenants").size(), 2u);
}

TEST_F(Transfer, ImportsEachLineAndSaysWhatWasThere) {
  answer("POST /provision", fmt::format(R"({{"tenantId":"{}","status":"provisioning"}})", acme_id), 202);
  input = fmt::format("{}\n\n{}\n", of_acme, of_bakery);
  const Outcome outcome = slipway({"import", "-"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out, "acme: already there\nbakery: signed up\n1 signed up, 1 already there, 0 refused\n");
  EXPECT_THAT(sent(), testing::ElementsAre(of_acme, of_bakery));
}

TEST_F(Transfer, GoesOnAfterARefusalAndEndsWithIt) {
  server.on("POST /provision", [](const slipway::test::ImposterRequest& request) {
    slipway::test::ImposterResponse response;
    const bool taken = request.body.find("u-7") != std::string::npos;
    response.status = taken ? 409 : 202;
    response.body = taken ? R"({"detail":"subdomain: is taken"})" : R"({"tenantId":"t_2","status":"provisioning"})";
    return response;
  });
  input = fmt::format("{}\n{}\n", of_acme, of_bakery);
  const Outcome outcome = slipway({"import", "-", "--json"});
  EXPECT_EQ(outcome.code, exit_failed);
  EXPECT_EQ(outcome.out,
            "{\"subdomain\":\"acme\",\"outcome\":\"refused\",\"error\":\"subdomain: is taken\"}\n"
            "{\"subdomain\":\"bakery\",\"outcome\":\"signed up\",\"tenantId\":\"t_2\"}\n");
}

TEST_F(Transfer, SendsNothingWhereALineIsWrong) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"no json", "line 2: is not a JSON object"},
      {"[]", "line 2: is not a JSON object"},
      {R"({"subdomain":"x"})", "line 2: has no userId"},
      {R"({"userId":"u","password":"p"})", "line 2: has the unknown field 'password'"},
      {R"({"userId":")" + std::string(70'000, 'u') + "\"}", "line 2: is longer than 65536 bytes"}};
  for (const auto& [line, why] : wrong) {
    input = fmt::format("{}\n{}\n", of_acme, line);
    const Outcome outcome = slipway({"import", "-"});
    EXPECT_EQ(outcome.code, exit_usage);
    EXPECT_THAT(outcome.err, HasSubstr(why));
  }
  EXPECT_EQ(slipway({"import", "/nowhere/tenants.jsonl"}).code, exit_usage);
  EXPECT_TRUE(sent().empty());
}

TEST_F(Transfer, EndsWhereTheServerCannotAnswer) {
  answer("POST /provision", R"({"detail":"the disk is full"})", 503);
  input = fmt::format("{}\n{}\n", of_acme, of_bakery);
  const Outcome outcome = slipway({"import", "-"});
  EXPECT_EQ(outcome.code, exit_unreachable);
  EXPECT_EQ(sent().size(), 1u);
}

class Watch : public CommandTest {
 protected:
  // The tenant's list as it is, as it was, and changed, whereupon the watching ends.
  void changes() {
    server.on("GET /v1/tenants", [this](const slipway::test::ImposterRequest&) {
      slipway::test::ImposterResponse response;
      const bool last = ++asked_ == 3;
      if (last) stop.request_stop();
      response.body = fmt::format(R"({{"tenants":[{}],"next":null}})", acme(last ? "active" : "provisioning"));
      return response;
    });
  }
  int asked_ = 0;
};

TEST_F(Watch, ShowsTheListAnewOnlyWhenItHasChanged) {
  changes();
  const Outcome outcome = slipway({"ls", "--watch"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(asked_, 3);
  const auto first = outcome.out.find("provisioning");
  EXPECT_NE(first, std::string::npos);
  EXPECT_EQ(outcome.out.find("provisioning", first + 1), std::string::npos);
  EXPECT_GT(outcome.out.find("active"), first);
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
}

TEST_F(Watch, OnATerminalTakesThePlaceOfWhatWasThere) {
  terminal = true;
  changes();
  const Outcome outcome = slipway({"ls", "--watch"});
  EXPECT_THAT(outcome.out, testing::StartsWith("\x1b[H\x1b[2J"));
  EXPECT_NE(outcome.out.find("\x1b[H\x1b[2J", 1), std::string::npos);
}

}  // namespace
}  // namespace slipway::cli::test
