// The operator's view over working fakes.
#include <gmock/gmock.h>

#include "api/router.hpp"
#include "base/text.hpp"
#include "engine/test_world.hpp"

namespace slipway::api {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

struct Answers : Observer {
  void answered(std::string_view method, std::string_view route, int status, std::chrono::nanoseconds) override {
    lines.push_back(fmt::format("{} {} {}", method, route, status));
  }
  std::vector<std::string> lines;
};

struct Operated : test::TestWorld {
  Sweeper sweeper{world, settings, [](const TenantId&) {}, Log::silent()};
  Answers answers;
  Gate gate{store, clock, {}};
  Context context = [this] {
    Context c{store,  gate, tenants, watch, sweeper, settings.access, clock,
              random, {},   {},      {},    "1.2.3", Secret("key"),   Log::silent()};
    c.observer = &answers;
    c.metrics = [] { return std::string("slipway_tenants 1\n"); };
    return c;
  }();

  net::Reply ask(const Router& router, const std::string& method, const std::string& path,
                 const std::string& query = "", const std::string& body = "") {
    return router.handle({method, path, query, {{"Content-Type", "application/json"}}, body, "unix"});
  }
  net::Response answer(const std::string& method, const std::string& path) {
    return std::get<net::Response>(ask(make_router(context), method, path));
  }
};

const char* const sign_up_body =
    R"({"admin_email": "a@acme.example", "subdomain": "acme", "company_name": "Acme", "userId": "u1"})";

TEST(StatusRoute, ShowsTheStateOfThingsInNumbers) {
  Operated api;
  const TenantId id = api.sign_up("acme");
  api.probe.ready_after(id, 40);
  api.settle(id);
  api.sign_up("other");
  api.clock.advance(Millis(7'000));
  const auto body = json::parse(api.answer("GET", "/v1/status").body).as_object();
  EXPECT_EQ(body.at("tenants"), (json::object{{"provisioning", 1}, {"active", 1}}));
  const auto& ready = body.at("signUpToReady").as_object();
  EXPECT_EQ(ready.at("count"), 1);
  const Tenant t = api.tenant(id);
  const auto took = (*t.first_ready_at - t.created_at).count();
  EXPECT_GT(took, 0);
  EXPECT_EQ(ready.at("p50Ms"), took);
  EXPECT_EQ(ready.at("p95Ms"), took);
  EXPECT_EQ(body.at("due").as_object().at("tenants"), 1);
  EXPECT_EQ(body.at("due").as_object().at("oldestMs"), 7'000);
  EXPECT_EQ(body.at("ports"), (json::object{{"free", 8}, {"leased", 2}, {"held", 0}}));
  EXPECT_EQ(body.at("mailOwed"), (json::object{{"tenants", 0}, {"oldestMs", nullptr}}));
}

TEST(StatusRoute, OfANewLedgerHasNoFiguresAndDoesNotInventThem) {
  Operated api;
  const auto body = json::parse(api.answer("GET", "/v1/status").body).as_object();
  EXPECT_EQ(body.at("tenants"), json::object{});
  EXPECT_TRUE(body.at("signUpToReady").as_object().at("p95Ms").is_null());
}

TEST(MetricsRoute, AnswersInPrometheusFormat) {
  Operated api;
  const net::Response response = api.answer("GET", "/metrics");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(net::header(response.headers, "Content-Type"), HasSubstr("version=0.0.4"));
  EXPECT_EQ(response.body, "slipway_tenants 1\n");
}

TEST(Answers, AreToldByRouteAndNeverByPath) {
  Operated api;
  api.answer("GET", "/v1/tenants/t_00000000000000000000");
  api.answer("GET", "/etc/passwd");
  api.answer("BREW", "/v1/mail");
  EXPECT_THAT(api.answers.lines, ElementsAre("GET /v1/tenants/{id} 404", "GET none 404", "other none 405"));
}

TEST(Answers, ThatWereWaitedForAreToldWhenTheyAreMade) {
  Operated api;
  const Router router = make_router(api.context);
  const auto waiting = std::get<net::WaitingResponse>(api.ask(router, "POST", "/provision", "wait=5", sign_up_body));
  EXPECT_THAT(api.answers.lines, ElementsAre());
  waiting.finish();
  EXPECT_THAT(api.answers.lines, ElementsAre("POST /provision 202"));
}

TEST(Answers, ThatWereWaitedForAndFailedAreProblemsToo) {
  Operated api;
  Router router(api.context);
  router.add("GET", "/slow", Needs::nothing, [](const Call&) -> net::Reply {
    net::WaitingResponse waiting;
    waiting.finish = []() -> net::Response { throw Error(ErrorKind::unavailable, "ledger: disk I/O error"); };
    return waiting;
  });
  const net::Response answer = std::get<net::WaitingResponse>(api.ask(router, "GET", "/slow")).finish();
  EXPECT_EQ(answer.status, 503);
  EXPECT_NE(net::header(answer.headers, "X-Request-Id"), "");
  EXPECT_THAT(api.answers.lines, ElementsAre("GET /slow 503"));
}

std::vector<json::object> logged(Operated& api, LogLevel level, const std::function<void(const Router&)>& use) {
  testing::internal::CaptureStderr();
  {
    Context context = api.context;
    context.log = Log(LogFormat::json, level);
    use(make_router(context));
  }
  std::vector<json::object> lines;
  for (const std::string& line : split(testing::internal::GetCapturedStderr(), '\n')) {
    if (!line.empty()) lines.push_back(json::parse(line).as_object());
  }
  return lines;
}

TEST(AccessLog, HasTheRequestsIdAndTheTenant) {
  Operated api;
  std::string request_id;
  const auto lines = logged(api, LogLevel::info, [&](const Router& router) {
    const auto reply = std::get<net::Response>(api.ask(router, "POST", "/provision", "", sign_up_body));
    request_id = net::header(reply.headers, "X-Request-Id");
    api.ask(router, "GET", "/v1/tenants");
  });
  ASSERT_EQ(lines.size(), 2u) << "reading is logged at debug only";
  const std::string tenant = api.store.find_slug(Slug("acme"))->id.value();
  EXPECT_EQ(lines[0].at("message").as_string(), "signed up");
  EXPECT_EQ(lines[1].at("message").as_string(), "answered");
  for (const json::object& line : lines) {
    EXPECT_EQ(line.at("request").as_string(), request_id);
    EXPECT_EQ(line.at("tenant").as_string(), tenant);
  }
  EXPECT_EQ(lines[1].at("status").as_string(), "202");
  EXPECT_EQ(lines[1].at("path").as_string(), "/provision");
}

TEST(AccessLog, HoldsNothingOfTheQueryOrTheBody) {
  Operated api;
  const auto lines = logged(api, LogLevel::debug, [&](const Router& router) {
    api.ask(router, "GET", "/v1/tenants", "token=s3cret");
    api.ask(router, "POST", "/provision", "", R"({"password": "s3cret"})");
  });
  ASSERT_EQ(lines.size(), 2u);
  for (const json::object& line : lines) EXPECT_EQ(json::serialize(line).find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace slipway::api
