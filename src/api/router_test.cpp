#include "api/problem.hpp"
#include "api/test_api.hpp"
#include "base/text.hpp"

namespace slipway::api {
namespace {

TEST(Provision, AnswersWithThePublishedNames) {
  Api api;
  const net::Response response =
      api.answer("POST", "/provision", Api::body_of("acme"),
                 {{"content-type", "application/json; charset=utf-8"}, {"Host", "api.example:8080"}});
  EXPECT_EQ(response.status, 202);
  const json::object body = object_of(response);
  EXPECT_EQ(body.size(), 8u);
  const std::string id(body.at("tenantId").as_string());
  EXPECT_EQ(body.at("userId"), "user-acme");
  EXPECT_EQ(body.at("status"), "provisioning");
  EXPECT_EQ(body.at("plan"), "default");
  EXPECT_EQ(body.at("admin_email"), "a@acme.example");
  EXPECT_THAT(std::string(body.at("statusUrl").as_string()),
              testing::StartsWith("/v1/tenants/" + id + "/status?token="));
  EXPECT_EQ(body.at("accessUrl"), "http://acme.localhost:20000");
  EXPECT_EQ(body.at("port").to_number<int>(), 20'000);
  EXPECT_FALSE(net::header(response.headers, "X-Request-Id").empty());
}

TEST(Provision, TheStatusUrlFollowsNoHostThatIsNone) {
  Api api;
  std::string proto = "http";
  const auto headers = [&](const std::string& host) {
    const NewApiKey key = new_api_key("shop", Scope::signup, api.clock.now(), api.random);
    api.store.add_key(key.kept);
    return net::Headers{{"Content-Type", "application/json"},
                        {"Authorization", "Bearer " + key.secret.reveal()},
                        {"Host", host},
                        {"X-Forwarded-Proto", proto}};
  };
  api.peer = "10.1.1.1";
  const auto url_for = [&](const std::string& host) {
    const auto body = object_of(api.answer("POST", "/provision", Api::body_of("acme"), headers(host)));
    return std::string(body.at("statusUrl").as_string());
  };
  EXPECT_THAT(url_for("api.example:8080"), testing::StartsWith("http://api.example:8080/v1/tenants/"));
  EXPECT_THAT(url_for("evil.example/<script>"), testing::StartsWith("/v1/tenants/"));
  EXPECT_THAT(url_for("evil.example\xff"), testing::StartsWith("/v1/tenants/"));
  proto = "https";
  api.peer = "10.1.1.2";
  EXPECT_THAT(url_for("api.example"), testing::StartsWith("http://api.example/")) << "no proxy of ours says so";
  api.peer = "10.0.0.9";
  EXPECT_THAT(url_for("api.example"), testing::StartsWith("https://api.example/"));
}

TEST(Provision, RepeatsAndConflicts) {
  Api api;
  const net::Headers key = {{"Content-Type", "application/json"}, {"Idempotency-Key", "k"}};
  const auto first = object_of(api.answer("POST", "/provision", Api::body_of("acme"), key));
  EXPECT_EQ(object_of(api.answer("POST", "/provision", Api::body_of("acme"), key)).at("tenantId"),
            first.at("tenantId"));
  EXPECT_EQ(object_of(api.answer("POST", "/provision", Api::body_of("acme"))).at("tenantId"), first.at("tenantId"));
  const net::Response other = api.answer("POST", "/provision", Api::body_of("bert"), key);
  EXPECT_EQ(other.status, 409);
  EXPECT_EQ(net::header(other.headers, "Content-Type"), "application/problem+json");
  EXPECT_EQ(object_of(other).at("errors").as_array().at(0).as_object().at("field"), "Idempotency-Key");
  EXPECT_EQ(api.store.list({}).size(), 1u);
}

TEST(Provision, WaitsUntilTheTenantIsSettled) {
  Api api;
  auto waiting = std::get<net::WaitingResponse>(api.ask("POST", "/provision?wait=5", Api::body_of("acme")));
  EXPECT_EQ(waiting.timeout, Millis(5'000));
  int woken = 0;
  waiting.subscribe([&] { ++woken; });
  EXPECT_EQ(woken, 0);
  api.settle(api.store.list({}).at(0).id);
  EXPECT_GE(woken, 1);
  const net::Response response = waiting.finish();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(object_of(response).size(), 7u);
  EXPECT_EQ(object_of(response).at("status"), "active");
  EXPECT_EQ(object_of(response).at("emailSent"), true);
  EXPECT_EQ(api.answer("POST", "/provision?wait=5", Api::body_of("acme")).status, 200);
}

TEST(Provision, AWaitThatRunsOutIsAccepted) {
  Api api;
  auto waiting = std::get<net::WaitingResponse>(api.ask("POST", "/provision?wait=1", Api::body_of("acme")));
  waiting.subscribe([] {});
  EXPECT_EQ(waiting.finish().status, 202);
}

TEST(TenantRoutes, ListPagesAndFind) {
  Api api;
  for (const char* slug : {"a", "b", "c"}) {
    api.sign_up(slug);
    api.clock.advance(Millis(1));
  }
  const json::object page = object_of(api.answer("GET", "/v1/tenants?limit=2"));
  EXPECT_EQ(page.at("tenants").as_array().size(), 2u);
  const std::string next(page.at("next").as_string());
  const json::object rest = object_of(api.answer("GET", "/v1/tenants?limit=2&after=" + next));
  EXPECT_EQ(rest.at("tenants").as_array().size(), 1u);
  EXPECT_TRUE(rest.at("next").is_null());
  EXPECT_EQ(object_of(api.answer("GET", "/v1/tenants?subdomain=b")).at("tenants").as_array().size(), 1u);
  EXPECT_EQ(api.answer("GET", "/v1/tenants?status=happy").status, 400);
  EXPECT_EQ(api.answer("GET", "/v1/tenants?limit=0").status, 400);
}

TEST(TenantRoutes, ChangeWhatIsWanted) {
  Api api;
  const TenantId id = api.sign_up("acme");
  api.settle(id);
  const std::string path = "/v1/tenants/" + id.value();
  EXPECT_EQ(api.answer("POST", path + "/suspend").status, 202);
  EXPECT_EQ(api.tenant(id).desired, Desired::suspended);
  EXPECT_EQ(api.answer("POST", path + "/restart").status, 409);
  EXPECT_EQ(api.answer("DELETE", path).status, 202);
  EXPECT_EQ(api.tenant(id).desired, Desired::deleted);
  EXPECT_EQ(api.answer("POST", path + "/resume").status, 409);
  EXPECT_EQ(api.answer("GET", "/v1/tenants/t_00000000000000000000").status, 404);
  EXPECT_EQ(api.answer("GET", "/v1/tenants/nonsense").status, 400);
}

TEST(Timeline, IsReadInPagesAndHeldUntilThereIsMore) {
  Api api;
  const TenantId id = api.sign_up("acme");
  const std::string path = "/v1/tenants/" + id.value() + "/events";
  const json::object page = object_of(api.answer("GET", path));
  EXPECT_EQ(page.at("events").as_array().at(0).as_object().at("kind"), "signed_up");
  const auto last = page.at("last").to_number<std::uint64_t>();
  auto waiting = std::get<net::WaitingResponse>(api.ask("GET", path + "?wait=5&after=" + std::to_string(last)));
  bool woken = false;
  waiting.subscribe([&] { woken = true; });
  EXPECT_FALSE(woken);
  api.settle(id);
  EXPECT_TRUE(woken);
  EXPECT_FALSE(object_of(waiting.finish()).at("events").as_array().empty());
}

TEST(Router, SaysWhatIsNotThereAndWhatIsNotAllowed) {
  Api api;
  EXPECT_EQ(api.answer("GET", "/nowhere").status, 404);
  const net::Response wrong = api.answer("PUT", "/provision");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(net::header(wrong.headers, "Allow"), "POST");
  EXPECT_EQ(api.answer("GET", "/v1/tenants/%zz").status, 400);
  EXPECT_EQ(api.answer("GET", "/v1/tenants/%ff%fe").status, 400);
  EXPECT_EQ(api.answer("POST", "/provision", "{}", {{"Content-Type", "text/html"}}).status, 415);
}

TEST(Router, AnAnswerAboutManyMistakesStaysSmall) {
  Api api;
  constexpr std::size_t limit_bytes = 8u << 10;
  const auto with_keys = [](std::size_t bytes, const auto& key) {
    std::string body;
    for (int i = 0; body.size() < bytes; ++i) body += (body.empty() ? "{" : ",") + json::serialize(key(i)) + ":1";
    return body + "}";
  };
  const auto number = [](int i) { return json::value(std::to_string(i)); };
  const auto near = [](int i) { return json::value(fmt::format("company_nam{}", i)); };
  const auto quotes = [](int i) { return json::value(std::string(100, '"') + std::to_string(i)); };
  const auto wide = [](int i) { return json::value(fmt::format("{}ßßß€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€", i)); };
  const auto long_one = [](int) { return json::value(std::string(60'000, 'x')); };
  for (const std::string& body : {with_keys(60'000, number), with_keys(60'000, near), with_keys(60'000, quotes),
                                  with_keys(60'000, wide), with_keys(60'000, long_one)}) {
    for (const char* path : {"/provision", "/v1/keys"}) {
      const net::Response refused = api.answer("POST", path, body);
      EXPECT_EQ(refused.status, 400) << body.substr(0, 40);
      EXPECT_LE(refused.body.size(), limit_bytes) << body.substr(0, 40);
      EXPECT_LE(object_of(refused).at("errors").as_array().size(), 20u);
    }
  }
  std::string some = "{";
  for (int i = 0; i < 25; ++i) some += fmt::format("\"wrong{}\":1,", i);
  const json::object told = object_of(api.answer("POST", "/provision", some + R"("admin_email":"a@b.example"})"));
  EXPECT_EQ(told.at("errors").as_array().at(0).as_object().at("field"), "wrong0");
  EXPECT_THAT(std::string(told.at("detail").as_string()), testing::EndsWith("; and 7 more")) << "5, and two missing";
  EXPECT_LE(api.answer("GET", "/" + std::string(15'000, '"')).body.size(), limit_bytes);
}

TEST(Router, WhatItRepeatsIsTextWithoutControls) {
  Api api;
  for (const char* path : {"/\xff\xc2\x9b", "/v1/tenants?status=x%1b%5b2J%e2%80%ae", "/v1/tenants?limit=%0a"}) {
    const net::Response response = api.answer("GET", path);
    EXPECT_GE(response.status, 400);
    const json::object body = object_of(response);
    EXPECT_FALSE(has_control_characters(body.at("detail").as_string())) << response.body;
  }
  const auto body = json::serialize(json::object{{"x\n\x1b[2J", "y"}, {"plan", "\xe2\x80\xae"}});
  const json::object refused = object_of(api.answer("POST", "/provision", body));
  for (const json::value& error : refused.at("errors").as_array()) {
    EXPECT_FALSE(has_control_characters(error.at("field").as_string()));
    EXPECT_FALSE(has_control_characters(error.at("message").as_string()));
  }
}

TEST(Problem, OfOurOwnSideTellsNothingOfTheInside) {
  const auto response = problem(Error(ErrorKind::internal, "ledger: /var/lib/slipway is full"), "r_1");
  EXPECT_EQ(response.status, 500);
  EXPECT_THAT(response.body, testing::Not(testing::HasSubstr("/var/lib")));
  EXPECT_THAT(response.body, testing::HasSubstr("r_1"));
}

TEST(Health, IsReadyWhileTheLedgerIsAndNamesWhatIsNotWell) {
  Api api;
  EXPECT_EQ(api.answer("GET", "/healthz").status, 200);
  EXPECT_EQ(api.answer("GET", "/readyz").status, 200);
  api.runtime_well = false;
  EXPECT_EQ(object_of(api.answer("GET", "/readyz")).at("checks").at("runtime"), "fake") << "remembered";
  api.clock.advance(std::chrono::seconds(10));
  const net::Response response = api.answer("GET", "/readyz");
  EXPECT_EQ(response.status, 200) << "what is signed up meanwhile is done later";
  EXPECT_THAT(response.body, testing::HasSubstr("docker: not reachable"));
  EXPECT_EQ(object_of(response).at("notWell"), json::array{"runtime"});
  api.ledger_well = false;
  api.clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(api.answer("GET", "/readyz").status, 503);
}

TEST(Health, TellsNobodyButTheOperatorHowThePartsAre) {
  Api api;
  const auto with_key = [&](Scope scope) {
    const NewApiKey key = new_api_key("k", scope, api.clock.now(), api.random);
    api.store.add_key(key.kept);
    return net::Headers{{"Authorization", "Bearer " + key.secret.reveal()}};
  };
  api.peer = "203.0.113.7";
  api.runtime_well = false;
  for (const net::Headers& headers : {net::Headers{}, with_key(Scope::signup), with_key(Scope::metrics)}) {
    const net::Response response = api.answer("GET", "/readyz", "", headers);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, R"({"status":"ready"})");
  }
  EXPECT_THAT(api.health.findings().at(1).found, "not looked at yet") << "nobody who may see it has asked";
  EXPECT_THAT(api.answer("GET", "/readyz", "", with_key(Scope::admin)).body, testing::HasSubstr("docker: not"));
  EXPECT_EQ(api.answer("GET", "/readyz", "", {{"Authorization", "Bearer sk_x"}}).status, 401);
  api.ledger_well = false;
  api.clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(api.answer("GET", "/readyz").body, R"({"status":"not ready"})");
}

TEST(Health, IsAnsweredAtOnceAndLikeEveryOtherRequest) {
  Api api;
  const auto at_once = [&](const std::string& method, const std::string& path) {
    return api.router.handle_at_once({method, path, "", {}, "", "203.0.113.7"});
  };
  const auto answer = at_once("GET", "/healthz");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, api.answer("GET", "/healthz").body);
  EXPECT_FALSE(net::header(answer->headers, "X-Request-Id").empty());
  // What asks the ledger, a driver or for a key must not hold up the other connections.
  for (const std::string& route : api.router.routes()) {
    const auto space = route.find(' ');
    EXPECT_EQ(at_once(route.substr(0, space), route.substr(space + 1)).has_value(), route == "GET /healthz") << route;
  }
  EXPECT_FALSE(at_once("POST", "/healthz"));
}

// Each of them once: a second might contradict it.
void expect_no_traces(const net::Response& response, const std::string& of) {
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"Cache-Control", "no-store"}, {"Referrer-Policy", "no-referrer"}, {"X-Content-Type-Options", "nosniff"}};
  for (const auto& [name, value] : expected) {
    EXPECT_EQ(net::header(response.headers, name), value) << of;
    EXPECT_EQ(std::count_if(response.headers.begin(), response.headers.end(),
                            [&](const auto& header) { return net::same_ignoring_case(header.first, name); }),
              1)
        << of << " " << name;
  }
}

TEST(Router, NoAnswerIsKeptByACacheOrTellsItsUrl) {
  Api api;
  const auto look = [&](const std::string& method, const std::string& path, const std::string& body = "",
                        const net::Headers& headers = {{"Content-Type", "application/json"}}) {
    const std::string what = method + " " + path;
    net::Reply reply = api.ask(method, path, body, headers);
    if (auto* stream = std::get_if<net::StreamingResponse>(&reply)) return expect_no_traces(stream->head, what);
    if (auto* waiting = std::get_if<net::WaitingResponse>(&reply)) return expect_no_traces(waiting->finish(), what);
    expect_no_traces(std::get<net::Response>(reply), what);
  };
  const TenantId id = api.sign_up("acme");
  const json::object accepted = object_of(api.answer("POST", "/provision", Api::body_of("bert")));
  const std::string status(accepted.at("statusUrl").as_string());
  for (const std::string& path : {status, status + "0", std::string("/nowhere"), std::string("/v1/tenants?limit=x"),
                                  std::string("/v1/tenants?q=%ff")}) {
    look("GET", path);
  }
  for (const char* body : {"{", "{}", "[]"}) look("POST", "/provision", body);
  look("POST", "/provision", Api::body_of("cleo"));
  look("POST", "/provision?wait=1", Api::body_of("dora"));
  look("GET", "/v1/tenants/" + id.value() + "/events", "", {{"Accept", "text/event-stream"}});
  look("GET", "/v1/tenants/" + id.value() + "/events?wait=1&after=1000");
  look("PUT", "/provision");
  look("OPTIONS", "/provision", "", {{"Origin", "https://shop.example"}});
  for (const std::string& route : api.router.routes()) {
    std::string path = route.substr(route.find(' ') + 1);
    if (const auto at = path.find("{id}"); at != path.npos) path.replace(at, 4, id.value());
    look(route.substr(0, route.find(' ')), path);
    api.peer = "203.0.113.7";  // without a key
    look(route.substr(0, route.find(' ')), path);
    api.peer = "unix";
  }
  expect_no_traces(api.router.handle_at_once({"GET", "/healthz", "", {}, "", "203.0.113.7"}).value(), "at once");
}

// More customers than are read for one page, and a mail that has just failed: of the newest, and of one with many.
TEST(Mail, TheNewestComesFirstAndPagesMissNone) {
  Api api;
  std::vector<std::string> keys;  // as they are to be shown
  for (int i = 0; i < 7; ++i) {
    api.clock.advance(Millis(1));
    const TenantId id = api.sign_up("c" + std::to_string(i));
    Tenant tenant = api.store.find(id).value();
    std::vector<std::string> own;
    for (int n = 0; n < i % 3; ++n) {  // some have none
      Mail mail{.purpose = "operator_failure", .key = id.value() + "/operator_failure/" + std::to_string(n)};
      mail.error = mail.key;
      tenant.mails.push_back(mail);
      own.insert(own.begin(), mail.key);
    }
    ASSERT_TRUE(api.store.save(tenant, {}, std::nullopt));
    keys.insert(keys.begin(), own.begin(), own.end());
  }
  for (const int limit : {1, 2, 3, 100}) {
    std::vector<std::string> shown;
    std::string after;
    while (shown.size() <= keys.size()) {
      const json::object page = object_of(api.answer("GET", fmt::format("/v1/mail?limit={}{}", limit, after)));
      EXPECT_LE(page.at("mail").as_array().size(), static_cast<std::size_t>(limit));
      for (const json::value& mail : page.at("mail").as_array()) shown.emplace_back(mail.at("error").as_string());
      if (page.at("next").is_null()) break;
      after = "&after=" + net::url_encoded(std::string(page.at("next").as_string()));
    }
    EXPECT_EQ(shown, keys) << limit;
  }
  EXPECT_EQ(api.answer("GET", "/v1/mail?after=nonsense").status, 400);
  const json::object rest =
      object_of(api.answer("GET", "/v1/mail?after=" + net::url_encoded(keys[1].substr(0, 22) + "/gone/1")));
  EXPECT_EQ(rest.at("mail").at(0).at("error").as_string(),
            keys[0].substr(0, 22) == keys[1].substr(0, 22) ? keys[0] : keys[1])
      << "a place that is no more repeats, and misses nothing";
}

TEST(Mail, AndSweepAreShown) {
  Api api;
  api.settle(api.sign_up("acme"));
  EXPECT_THAT(api.answer("GET", "/v1/mail").body, testing::HasSubstr("\"state\":\"sent\""));
  api.database.ensure(TenantId("t_00000000000000000000"), Plan{});
  const json::object report = object_of(api.answer("POST", "/v1/sweep?dry_run=1"));
  EXPECT_EQ(report.at("orphans").as_array().size(), 2u);
  EXPECT_EQ(api.database.size(), 4u);
}

}  // namespace
}  // namespace slipway::api
