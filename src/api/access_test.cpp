// Who may do what: keys and their scopes, the status URL, rate limits, CORS, the audit trail.
#include <fmt/format.h>

#include <set>

#include "api/test_api.hpp"

namespace slipway::api {
namespace {

using testing::HasSubstr;

std::string key_of(Api& api, const std::string& scope) {
  api.peer = "unix";
  const auto made = api.answer("POST", "/v1/keys", json::serialize(json::object{{"name", "k"}, {"scope", scope}}));
  EXPECT_EQ(made.status, 201) << made.body;
  api.peer = "203.0.113.7";
  return std::string(object_of(made).at("key").as_string());
}

net::Headers bearing(const std::string& key) {
  return {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + key}};
}

struct Probe {
  std::string method;
  std::string path;
  bool open;  // to everybody
};

// Every route, with this tenant where it takes one.
std::vector<Probe> probes_of(const Api& api, const TenantId& id) {
  std::vector<Probe> probes;
  for (const std::string& route : api.router.routes()) {
    const auto space = route.find(' ');
    std::string path = route.substr(space + 1);
    const bool open =
        path == "/healthz" || path == "/readyz" || path == "/openapi.json" || path.ends_with("{id}/status");
    if (const auto at = path.find("{id}"); at != std::string::npos) path.replace(at, 4, id.value());
    probes.push_back({route.substr(0, space), path, open});
  }
  EXPECT_GT(probes.size(), 20u);
  return probes;
}

TEST(Keys, AreShownOnceAndKeptAsAHash) {
  Api api;
  const std::string key = key_of(api, "admin");
  EXPECT_EQ(key.size(), 46u);
  EXPECT_EQ(key.substr(0, 3), "sk_");
  api.peer = "unix";
  EXPECT_THAT(api.answer("GET", "/v1/keys").body, testing::Not(HasSubstr(key)));
  EXPECT_EQ(api.store.keys().at(0).hash, to_hex(sha256(key)));
  EXPECT_NE(key_of(api, "admin"), key);
}

TEST(Keys, AreRefusedWithEachMistakeNamed) {
  Api api;
  const auto refused = [&](const std::string& body) {
    const auto answer = api.answer("POST", "/v1/keys", body);
    EXPECT_EQ(answer.status, 400);
    return answer.body;
  };
  EXPECT_THAT(refused(R"({"name": "", "scope": "god", "x": 1})"),
              testing::AllOf(HasSubstr("name"), HasSubstr("scope"), HasSubstr("x")));
  EXPECT_EQ(api.store.keys().size(), 0u);
  EXPECT_EQ(api.answer("POST", "/v1/keys", "{}", {{"Content-Type", "text/plain"}}).status, 415);
}

TEST(Scopes, WithoutAKeyOnlyHealthAndTheStatusUrlAnswer) {
  Api api;
  const TenantId id = api.sign_up("acme");
  api.peer = "203.0.113.7";
  for (const Probe& route : probes_of(api, id)) {
    const auto answer = api.answer(route.method, route.path);
    EXPECT_EQ(answer.status == 401, !route.open) << route.path << " " << answer.status;
    EXPECT_EQ(net::header(answer.headers, "WWW-Authenticate").empty(), route.open) << route.path;
  }
}

TEST(Scopes, ASignupKeyMayOnlySignUp) {
  Api api;
  const TenantId id = api.sign_up("acme");
  const auto headers = bearing(key_of(api, "signup"));
  for (const Probe& route : probes_of(api, id)) {
    if (route.open || route.path == "/provision") continue;
    EXPECT_EQ(api.answer(route.method, route.path, "", headers).status, 403) << route.path;
  }
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("bert"), headers).status, 202);
  EXPECT_EQ(api.tenant(id).desired, Desired::running);
}

TEST(Scopes, AMetricsKeyMayOnlyReadMetrics) {
  Api api;
  const auto headers = bearing(key_of(api, "metrics"));
  EXPECT_EQ(api.answer("GET", "/metrics", "", headers).status, 200);
  EXPECT_EQ(api.answer("GET", "/v1/status", "", headers).status, 403);
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("acme"), headers).status, 403);
  EXPECT_EQ(api.answer("GET", "/metrics", "", bearing(key_of(api, "signup"))).status, 403);
}

TEST(Scopes, ARevokedOrUnknownKeyIsWorthless) {
  Api api;
  const std::string key = key_of(api, "admin");
  EXPECT_EQ(api.answer("GET", "/v1/tenants", "", bearing(key)).status, 200);
  EXPECT_EQ(api.answer("GET", "/v1/tenants", "", bearing(key + "x")).status, 401);
  EXPECT_EQ(api.answer("GET", "/v1/tenants", "", {{"Authorization", "Basic " + key}}).status, 401);
  const std::string id = api.store.keys().at(0).id.value();
  EXPECT_EQ(api.answer("DELETE", "/v1/keys/" + id, "", bearing(key)).status, 204);
  EXPECT_EQ(api.answer("GET", "/v1/tenants", "", bearing(key)).status, 401);
  EXPECT_EQ(api.answer("DELETE", "/v1/keys/k_none").status, 401);
}

TEST(StatusUrl, NeedsNoKeyButItsToken) {
  Api api;
  const auto headers = bearing(key_of(api, "signup"));
  const auto accepted = object_of(api.answer("POST", "/provision", Api::body_of("acme"), headers));
  const std::string url(accepted.at("statusUrl").as_string());
  const auto first = api.answer("GET", url);
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(object_of(first).at("status"), "provisioning");
  EXPECT_FALSE(object_of(first).contains("admin_email"));
  EXPECT_EQ(api.answer("GET", url + "0").status, 404);
  EXPECT_EQ(api.answer("GET", url.substr(0, url.find('?'))).status, 404);
  const TenantId other = api.sign_up("bert");
  const std::string token = url.substr(url.find('?'));
  EXPECT_EQ(api.answer("GET", "/v1/tenants/" + other.value() + "/status" + token).status, 404);
  // A repeat is given the same.
  EXPECT_EQ(object_of(api.answer("POST", "/provision", Api::body_of("acme"), headers)).at("statusUrl").as_string(),
            url);
  api.settle(TenantId(std::string(accepted.at("tenantId").as_string())));
  EXPECT_EQ(object_of(api.answer("GET", url + "&wait=5")).at("status"), "active");
}

std::vector<std::string> fields_of(const net::Response& response) {
  std::vector<std::string> fields;
  const json::object body = object_of(response);
  for (const json::value& error : body.at("errors").as_array()) {
    fields.emplace_back(error.at("field").as_string());
  }
  return fields;
}

TEST(Conflict, TellsTheHolderOfASignupKeyNothingOfOthers) {
  Api api;
  api.gate.use({{}, {}, 0, 0});
  const std::string acme(object_of(api.answer("POST", "/provision", Api::body_of("acme"))).at("tenantId").as_string());
  const TenantId gone = api.sign_up("gone");
  api.settle(gone);
  api.answer("DELETE", "/v1/tenants/" + gone.value());
  api.settle(gone);
  ASSERT_EQ(api.tenant(gone).status, Status::deleted);
  const json::object mine = json::parse(Api::body_of("acme")).as_object();
  const auto guess = [&](const std::string& changes) {
    json::object body = mine;
    const json::object changed = json::parse(changes).as_object();
    for (const auto& member : changed) body[member.key()] = member.value();
    return json::serialize(body);
  };
  const std::string gone_user = api.tenant(gone).sign_up.user_id.value();
  const std::vector<std::string> guesses = {
      guess(R"({"admin_email": "b@example.com"})"),
      guess(R"({"company_name": "B"})"),
      guess(R"({"metadata": {"a": "b"}})"),
      guess(R"({"subdomain": "elsewhere"})"),
      guess(R"({"userId": "somebody"})"),
      guess(R"({"userId": null})"),
      guess(fmt::format(R"({{"userId": "{}", "subdomain": "again"}})", gone_user)),
  };
  const auto headers = bearing(key_of(api, "signup"));
  auto with_key = headers;
  with_key.emplace_back("Idempotency-Key", "guess");
  std::set<std::string> answers;
  const auto refused = [&](const std::string& body, const net::Headers& with) {
    const auto answer = api.answer("POST", "/provision?wait=1", body, with);
    EXPECT_EQ(answer.status, 409) << body;
    EXPECT_EQ(net::header(answer.headers, "Location"), "");
    json::object said = object_of(answer);
    said.erase("requestId");
    answers.insert(json::serialize(said));
  };
  for (const std::string& body : guesses) refused(body, headers);
  for (std::size_t i = 0; i + 1 < guesses.size(); ++i) refused(guesses[i], with_key);
  EXPECT_EQ(answers.size(), 1u) << testing::PrintToString(answers);
  EXPECT_EQ(api.store.list({}).size(), 2u);
  // Who knows all of it is who has signed up.
  EXPECT_EQ(object_of(api.answer("POST", "/provision", json::serialize(mine), headers)).at("tenantId").as_string(),
            acme);
  // An operator is told which it is.
  const auto admin = bearing(key_of(api, "admin"));
  using testing::ElementsAre;
  EXPECT_THAT(fields_of(api.answer("POST", "/provision", guesses[0], admin)), ElementsAre("userId", "admin_email"));
  EXPECT_THAT(fields_of(api.answer("POST", "/provision", guesses[3], admin)), ElementsAre("userId", "subdomain"));
  EXPECT_THAT(fields_of(api.answer("POST", "/provision", guesses[4], admin)), ElementsAre("subdomain"));
}

TEST(Conflict, WhoSendsAnIdempotencyKeyAgainLearnsWhatDiffers) {
  Api api;
  auto headers = bearing(key_of(api, "signup"));
  headers.emplace_back("Idempotency-Key", "4f1c");
  json::object body = json::parse(Api::body_of("acme")).as_object();
  body.erase("userId");
  EXPECT_EQ(api.answer("POST", "/provision", json::serialize(body), headers).status, 202);
  EXPECT_EQ(api.answer("POST", "/provision", json::serialize(body), headers).status, 202);
  body["company_name"] = "B";
  const auto refused = api.answer("POST", "/provision", json::serialize(body), headers);
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(fields_of(refused), testing::ElementsAre("Idempotency-Key", "company_name"));
  EXPECT_THAT(refused.body, testing::Not(HasSubstr("acme Inc"))) << "only which, not what";
}

// Two shops behind one Slipway, each of which counts its orders from 1.
TEST(Conflict, IdempotencyKeysOfOneApiKeyAreNoneOfAnothers) {
  Api api;
  std::set<std::string> tenants;
  const auto sign_up = [&](const std::string& slug, net::Headers headers) {
    api.clock.advance(std::chrono::minutes(1));  // not more than the limit of an address
    headers.emplace_back("Idempotency-Key", "order-1");
    const auto answer = api.answer("POST", "/provision", Api::body_of(slug), headers);
    EXPECT_EQ(answer.status, 202) << answer.body;
    tenants.emplace(object_of(answer).at("tenantId").as_string());
  };
  const std::string shop = key_of(api, "signup"), other = key_of(api, "signup");
  for (int repeat = 0; repeat < 2; ++repeat) {
    sign_up("acme", bearing(shop));
    sign_up("bert", bearing(other));
    const std::string network = std::exchange(api.peer, "unix");
    sign_up("cleo", {{"Content-Type", "application/json"}});
    api.peer = network;
  }
  EXPECT_EQ(tenants.size(), 3u);
}

TEST(Reasons, CustomersGetASentenceByKindAndOperatorsTheWords) {
  Api api;
  const auto signup = bearing(key_of(api, "signup"));
  const auto admin = bearing(key_of(api, "admin"));
  const std::string body = R"({"admin_email":"a@acme.example","subdomain":"acme","company_name":"Acme","userId":"u1")";
  const auto accepted = object_of(api.answer("POST", "/provision", body + "}", signup));
  const TenantId id(std::string(accepted.at("tenantId").as_string()));
  const std::string words = "create instance: docker at 10.1.2.3: registry.internal/shop:7 is not there";
  Tenant tenant = *api.store.find(id);
  tenant.status = Status::failed;
  tenant.failure = tenant.reason = words;
  tenant.reason_code = ReasonCode::image_unavailable;
  ASSERT_TRUE(api.store.save(tenant, {}, std::nullopt));

  const std::string url(accepted.at("statusUrl").as_string());
  const auto progress = object_of(api.answer("GET", url));
  EXPECT_EQ(progress.at("reason"), "The app could not be fetched.");
  EXPECT_EQ(progress.at("reasonCode"), "image_unavailable");
  EXPECT_EQ(object_of(api.answer("GET", url, "", admin)).at("reason"), "The app could not be fetched.");
  const auto waited = object_of(api.answer("POST", "/provision?wait=1", body + "}", signup));
  EXPECT_EQ(waited.at("message"), "provisioning failed: The app could not be fetched.");
  EXPECT_EQ(waited.at("reasonCode"), "image_unavailable");
  EXPECT_EQ(object_of(api.answer("POST", "/provision?wait=1", body + "}", admin)).at("message").as_string(),
            "provisioning failed: " + words);
  const auto shown = object_of(api.answer("GET", "/v1/tenants/" + id.value(), "", admin));
  EXPECT_EQ(shown.at("reason").as_string(), words);
  EXPECT_EQ(shown.at("reasonCode"), "image_unavailable");
  for (const char* path : {"", "/events", "/logs"}) {
    EXPECT_EQ(api.answer("GET", "/v1/tenants/" + id.value() + path, "", signup).status, 403) << path;
  }

  tenant = *api.store.find(id);
  tenant.sign_up.metadata["language"] = "vi";
  tenant.reason_code = ReasonCode::internal;  // as of a row that an older release wrote
  ASSERT_TRUE(api.store.save(tenant, {}, std::nullopt));
  EXPECT_EQ(object_of(api.answer("GET", url)).at("reason"), "Đã xảy ra lỗi ở phía chúng tôi.");
}

TEST(RateLimit, CountsPerAddressAndFillsUpAgain) {
  Api api;  // 3 a minute from one address
  const auto headers = bearing(key_of(api, "signup"));
  for (const char* slug : {"a", "b", "c"}) {
    EXPECT_EQ(api.answer("POST", "/provision", Api::body_of(slug), headers).status, 202);
  }
  const auto refused = api.answer("POST", "/provision", Api::body_of("d"), headers);
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(net::header(refused.headers, "Retry-After"), "21");
  EXPECT_FALSE(api.store.find_slug(Slug("d")));
  api.peer = "203.0.113.8";
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("d"), headers).status, 202) << "another address";
  api.peer = "203.0.113.7";
  api.clock.advance(Millis(20'001));
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("e"), headers).status, 202);
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("f"), headers).status, 429);
  api.peer = "unix";
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("f")).status, 202) << "the operator is not limited";
}

TEST(RateLimit, BelievesForwardedAddressesOfTrustedProxiesOnly) {
  Api api;
  auto headers = bearing(key_of(api, "signup"));
  headers.emplace_back("X-Forwarded-For", "made.up, 198.51.100.1");
  for (const char* slug : {"a", "b", "c"}) api.answer("POST", "/provision", Api::body_of(slug), headers);
  headers.back().second = "198.51.100.2";
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("d"), headers).status, 429) << "the peer is no proxy";
  api.peer = "10.0.0.9";
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("d"), headers).status, 202);
  const auto trail = api.store.audit({});
  EXPECT_EQ(trail.back().from, "198.51.100.2");
  // One line has a /64; the trail keeps the whole address.
  for (const char* host : {"1", "2", "3"}) {
    headers.back().second = fmt::format("[2001:db8:1:2::{}]:443", host);
    EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("v6-" + std::string(host)), headers).status, 202);
    EXPECT_EQ(api.store.audit({}).back().from, fmt::format("2001:db8:1:2::{}", host));
  }
  headers.back().second = "2001:db8:1:2:ffff::9";
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("i"), headers).status, 429);
  headers.back().second = "198.51.100.2, <script>";
  EXPECT_EQ(api.answer("POST", "/provision", Api::body_of("e"), headers).status, 202);
  EXPECT_EQ(api.store.audit({}).back().from, "10.0.0.9") << "what is no address does not count";
}

TEST(RateLimit, OneWhoFloodsLeavesTheSharedKeyToTheOthers) {
  Api api;
  api.gate.use({{}, {}, 2, 1'000});
  const auto headers = bearing(key_of(api, "signup"));
  const auto ask_for = [&](const std::string& body, const net::Headers& with) {
    return api.answer("POST", "/provision", body, with).status;
  };
  EXPECT_EQ(ask_for(Api::body_of("first"), headers), 202);
  auto again = headers;
  again.emplace_back("Idempotency-Key", "again");
  auto text = headers;
  text[0].second = "text/plain";
  auto other = json::parse(Api::body_of("first")).as_object();
  other["userId"] = "other";
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(ask_for("", headers), 400);
    EXPECT_EQ(ask_for("{}", headers), 400);
    EXPECT_EQ(ask_for("{}", text), 415);
    EXPECT_EQ(ask_for(Api::body_of("www"), headers), 400) << "reserved";
    EXPECT_EQ(ask_for(Api::body_of("first"), headers), 202);
    EXPECT_EQ(ask_for(Api::body_of("first"), again), 202);
    EXPECT_EQ(ask_for(json::serialize(other), headers), 409);
    EXPECT_EQ(ask_for(Api::body_of("x"), bearing("sk_" + std::string(43, 'x'))), 401);
  }
  api.peer = "203.0.113.8";
  EXPECT_EQ(ask_for(Api::body_of("honest"), headers), 202);
  EXPECT_EQ(ask_for(Api::body_of("third"), headers), 429) << "two tenants a minute with this key";
  EXPECT_EQ(ask_for(Api::body_of("third"), bearing(key_of(api, "signup"))), 202) << "another key";
}

TEST(RateLimit, WhatIsRefusedCountsAgainstItsAddress) {
  Api api;  // 3 a minute from one address
  const auto headers = bearing(key_of(api, "signup"));
  for (const char* path : {"/provision", "/provision", "/provision?wait=x"}) {
    EXPECT_EQ(api.answer("POST", path, "", headers).status, 400);
  }
  EXPECT_EQ(api.answer("POST", "/provision", "", headers).status, 429);
  api.peer = "203.0.113.8";
  EXPECT_EQ(api.answer("POST", "/provision", "", headers).status, 400);
}

TEST(Cors, AnswersConfiguredOriginsOnly) {
  Api api;
  api.peer = "203.0.113.7";
  const auto asked = [&](const std::string& method, const std::string& origin) {
    return api.answer(method, "/provision", "", {{"Origin", origin}, {"Access-Control-Request-Method", "POST"}});
  };
  const auto preflight = asked("OPTIONS", "https://shop.example");
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(net::header(preflight.headers, "Access-Control-Allow-Origin"), "https://shop.example");
  EXPECT_THAT(net::header(preflight.headers, "Access-Control-Allow-Headers"), HasSubstr("Idempotency-Key"));
  EXPECT_EQ(net::header(preflight.headers, "Vary"), "Origin");
  EXPECT_EQ(net::header(asked("OPTIONS", "https://evil.example").headers, "Access-Control-Allow-Origin"), "");
  EXPECT_EQ(net::header(asked("POST", "https://shop.example").headers, "Access-Control-Allow-Origin"),
            "https://shop.example")
      << "a page must be able to read why it was refused";
  api.gate.use({});
  EXPECT_EQ(net::header(asked("OPTIONS", "https://shop.example").headers, "Access-Control-Allow-Origin"), "");
}

TEST(AuditTrail, SaysWhoDidWhatToWhichTenantFromWhere) {
  Api api;
  const std::string admin = key_of(api, "admin");
  const std::string key_id = api.store.keys().at(0).id.value();
  const auto accepted = object_of(api.answer("POST", "/provision", Api::body_of("acme"), bearing(admin)));
  const std::string tenant(accepted.at("tenantId").as_string());
  api.settle(TenantId(tenant));
  const auto suspended = api.answer("POST", "/v1/tenants/" + tenant + "/suspend", "", bearing(admin));
  EXPECT_EQ(suspended.status, 202);
  api.answer("GET", "/v1/tenants/" + tenant, "", bearing(admin));                                     // reads only
  EXPECT_EQ(api.answer("POST", "/v1/tenants/" + tenant + "/retry", "", bearing(admin)).status, 409);  // refused
  const auto page = object_of(api.answer("GET", "/v1/audit?target=" + tenant, "", bearing(admin)));
  const json::array& entries = page.at("entries").as_array();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].at("action"), "POST /provision");
  EXPECT_EQ(entries[1].at("action"), "POST /v1/tenants/{id}/suspend");
  EXPECT_EQ(entries[1].at("actor").as_string(), key_id);
  EXPECT_EQ(entries[1].at("from"), "203.0.113.7");
  EXPECT_EQ(entries[1].at("requestId").as_string(), net::header(suspended.headers, "X-Request-Id"));
  const auto all = object_of(api.answer("GET", "/v1/audit", "", bearing(admin))).at("entries").as_array();
  EXPECT_EQ(all.at(0).at("action"), "POST /v1/keys");
  EXPECT_EQ(all.at(0).at("actor"), "socket");
  EXPECT_EQ(all.at(0).at("target").as_string(), key_id);
}

TEST(AuditTrail, NamesTheUserBehindTheSocket) {
  Api api;
  net::ServerRequest request{"POST", "/provision", "", {{"Content-Type", "application/json"}}, Api::body_of("acme"),
                             "unix"};
  request.peer_uid = 1000;
  ASSERT_EQ(std::get<net::Response>(api.router.handle(request)).status, 202);
  const auto all = object_of(api.answer("GET", "/v1/audit")).at("entries").as_array();
  EXPECT_EQ(all.at(0).at("actor"), "socket uid 1000");
  EXPECT_EQ(all.at(0).at("from"), "unix");
}

TEST(Heads, AreRefusedBeforeTheirBodiesWhereTheKeyDoesNotSuffice) {
  Api api;
  const std::string key = key_of(api, "signup");
  api.peer = "203.0.113.7";
  const auto status_of = [&](const char* method, const char* path, const std::string& bearer) {
    net::ServerRequest head{method, path, "", {}, "", api.peer};
    if (!bearer.empty()) head.headers = {{"Authorization", "Bearer " + bearer}};
    const auto answer = api.router.refused(head);
    if (answer) {
      EXPECT_NE(net::header(answer->headers, "X-Request-Id"), "");
    }
    return answer ? answer->status : 0;
  };
  EXPECT_EQ(status_of("POST", "/provision", ""), 401);
  EXPECT_EQ(status_of("POST", "/provision", "sk_wrong"), 401);
  EXPECT_EQ(status_of("POST", "/provision", key), 0);
  EXPECT_EQ(status_of("POST", "/v1/keys", key), 403);
  EXPECT_EQ(status_of("POST", "/nowhere", key), 404);
  EXPECT_EQ(status_of("PUT", "/provision", key), 405);
  EXPECT_EQ(status_of("GET", "/readyz", ""), 413) << "nobody may make us hold a body";
  EXPECT_TRUE(api.store.list({}).empty());
}

}  // namespace
}  // namespace slipway::api
