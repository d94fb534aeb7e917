#include "lambda/handler.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "api/gate.hpp"
#include "base/json.hpp"
#include "engine/test_world.hpp"

namespace slipway::lambda {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::IsEmpty;

// A queue in memory; what it holds comes when the test says so.
class MemoryQueue : public WorkQueue {
 public:
  explicit MemoryQueue(const Clock& clock) : clock_(clock) {}
  struct Entry {
    Work work;
    TimePoint at;
  };
  void send(const Work& work, Millis wait) override {
    if (broken) throw Error(ErrorKind::unavailable, "sqs: SendMessage: no answer");
    const auto delay = delay_seconds(work, wait, clock_.now());
    if (delay) entries.push_back({work, clock_.now() + std::chrono::seconds(*delay)});
  }
  void send_all(const std::vector<Work>& works) override {
    for (const auto& work : works) send(work, Millis(0));
  }
  std::deque<Entry> entries;
  bool broken = false;

 private:
  const Clock& clock_;
};

// The whole function with fakes behind it: the same router and engine, no threads.
struct LambdaTest : testing::Test {
  test::TestWorld world;
  MemoryQueue queue{world.clock};
  Worker worker{world.world, world.settings, world.watch, queue, "lambda-1", Log::silent()};
  Tenants tenants{world.world, world.settings, [this](const TenantId& id) { worker.send({id, {}}); }};
  Sweeper sweeper{world.world, world.settings, [this](const TenantId& id) { worker.send({id, {}}); }, Log::silent()};
  api::Gate gate{world.store, world.clock, {}};
  api::Context context{world.store,  gate,    tenants, world.watch, sweeper, world.settings.access, world.clock,
                       world.random, nullptr, nullptr, {},          "test",  Secret("status"),      Log::silent()};
  api::Router router{api::make_router(context)};
  Handler handler{{router, worker, queue, world.store, sweeper, world.clock, Log::silent()}};
  unsigned messages = 0;

  std::string handle(const json::object& event, Millis time = std::chrono::seconds(60)) {
    return handler.handle({"r", json::serialize(event), world.clock.now() + time, ""});
  }
  json::object http(const std::string& method, const std::string& path, const std::string& body = "",
                    const std::string& key = "") {
    json::object headers{{"host", "api.example"}, {"content-type", "application/json"}};
    if (!key.empty()) headers["authorization"] = "Bearer " + key;
    return parse_json(handle({{"version", "2.0"},
                              {"rawPath", path},
                              {"rawQueryString", "wait=60"},
                              {"headers", headers},
                              {"requestContext", {{"http", {{"method", method}, {"sourceIp", "203.0.113.7"}}}}},
                              {"body", body},
                              {"isBase64Encoded", false}}),
                      "answer")
        .as_object();
  }
  std::string signup_key() {
    const auto key = api::new_api_key("shop", Scope::signup, world.clock.now(), world.random);
    world.store.add_key(key.kept);
    return key.secret.reveal();
  }
  json::object record(const Work& work, unsigned receives = 1) {
    return {{"messageId", "m" + std::to_string(++messages)},
            {"body", to_message(work)},
            {"attributes", {{"ApproximateReceiveCount", std::to_string(receives)}}},
            {"eventSource", "aws:sqs"}};
  }
  std::string batch(std::vector<json::object> records, Millis time = std::chrono::seconds(60)) {
    json::array array(records.begin(), records.end());
    return handle({{"Records", array}}, time);
  }
  void tick(const char* at = "2026-11-25T10:01:00Z") {
    handle({{"source", "aws.events"}, {"detail-type", "Scheduled Event"}, {"time", at}});
  }
  void task_changed(const TenantId& id) {
    handle({{"source", "aws.ecs"}, {"detail-type", "ECS Task State Change"}, {"detail", {{"startedBy", id.value()}}}});
  }
  // Receives until the queue holds nothing, turning the clock; a message may be lost or come twice. Returns how many
  // came.
  unsigned drain(const std::function<unsigned()>& times = [] { return 1u; }) {
    unsigned received = 0;
    while (!queue.entries.empty() && received < 500) {
      const auto next = std::min_element(queue.entries.begin(), queue.entries.end(),
                                         [](const auto& a, const auto& b) { return a.at < b.at; });
      const auto entry = *next;
      queue.entries.erase(next);
      world.clock.advance_to(entry.at);
      for (unsigned i = times(); i > 0; --i, ++received) EXPECT_EQ(batch({record(entry.work)}), batch_answer({}));
    }
    return received;
  }
};

constexpr auto alice = R"({"userId":"u-1","subdomain":"alice","admin_email":"a@example.com","company_name":"Alice"})";

TEST_F(LambdaTest, ASignUpIsDurableAndAnsweredAtOnceThenDoneFromTheQueue) {
  const auto answer = http("POST", "/provision", alice, signup_key());
  EXPECT_EQ(answer.at("statusCode"), 202);
  const auto body = parse_json(answer.at("body").as_string(), "body").as_object();
  const TenantId id(string_at(body, "tenantId"));
  EXPECT_EQ(world.tenant(id).status, Status::provisioning);  // nothing was made within the request
  EXPECT_THAT(world.runtime.resources(), IsEmpty());
  ASSERT_EQ(queue.entries.size(), 1u);
  drain();
  EXPECT_EQ(world.tenant(id).status, Status::active);
  EXPECT_EQ(world.mailer.sent().size(), 1u);
}

TEST_F(LambdaTest, WithoutAKeyNobodySignsUp) {
  EXPECT_EQ(http("POST", "/provision", alice).at("statusCode"), 401);
  EXPECT_THAT(queue.entries, IsEmpty());
}

TEST_F(LambdaTest, ASignUpWhoseMessageIsLostIsFoundByTheClock) {
  queue.broken = true;
  EXPECT_EQ(http("POST", "/provision", alice, signup_key()).at("statusCode"), 202);
  queue.broken = false;
  tick();
  EXPECT_EQ(queue.entries.size(), 1u);
  drain();
  EXPECT_EQ(world.store.list({}).at(0).status, Status::active);
}

TEST_F(LambdaTest, MessagesThatComeTwiceOrAgainLeadToOneOfEverything) {
  http("POST", "/provision", alice, signup_key());
  SeededRandom chance(5);
  const auto received = drain([&] { return 1 + static_cast<unsigned>(chance.next() % 3); });
  EXPECT_LT(received, 200u);  // repeated messages come to an end
  const auto tenant = world.store.list({}).at(0);
  EXPECT_EQ(tenant.status, Status::active);
  EXPECT_EQ(world.runtime.instances().size(), 1u);
  EXPECT_EQ(world.mailer.sent().size(), 1u);
}

TEST_F(LambdaTest, WorkThatSomebodyHasDoneIsPassedOver) {
  const auto id = world.sign_up("bob");
  worker.work({id, std::nullopt});
  const auto before = world.tenant(id);
  EXPECT_EQ(before.status, Status::active);
  world.clock.advance(Millis(1));
  batch({record({id, world.clock.now()})});
  EXPECT_EQ(world.tenant(id).version, before.version);
}

TEST_F(LambdaTest, WhatAnotherWorksOnIsLookedAtAgainSoon) {
  const auto id = world.sign_up("bob");
  ASSERT_TRUE(world.store.claim(id, {"other", world.clock.now() + lease_time}, world.clock.now()));
  EXPECT_EQ(batch({record({id, std::nullopt})}), batch_answer({}));
  ASSERT_EQ(queue.entries.size(), 1u);
  EXPECT_EQ(queue.entries[0].at, world.clock.now() + std::chrono::seconds(5));
}

TEST_F(LambdaTest, ATenantThatIsGoneEndsItsMessages) {
  EXPECT_EQ(batch({record({TenantId("t_01jdd2x8k40a1b2c3d4e"), std::nullopt})}), batch_answer({}));
  EXPECT_THAT(queue.entries, IsEmpty());
}

TEST_F(LambdaTest, ATasksEventMovesItsTenantOn) {
  const auto id = world.sign_up("bob");
  task_changed(id);
  EXPECT_NE(world.tenant(id).version, 0u);
  EXPECT_TRUE(world.tenant(id).database_made);
  handle({{"source", "aws.ecs"}, {"detail-type", "ECS Task State Change"}, {"detail", {{"startedBy", "ecs-svc/1"}}}});
}

TEST_F(LambdaTest, TheLeaseIsGivenBackAlsoWhileTheAppBoots) {
  const auto id = world.sign_up("bob");
  world.probe.ready_after(id, 20);
  worker.work({id, std::nullopt});
  EXPECT_EQ(world.tenant(id).status, Status::provisioning);
  // Anybody may work on it now, and the ledger knows when: no lease is left to run out.
  EXPECT_TRUE(world.store.claim(id, {"other", world.clock.now()}, world.clock.now()));
  EXPECT_GT(world.tenant(id).due_at, world.clock.now());
  ASSERT_EQ(queue.entries.size(), 1u);
  drain();
  EXPECT_EQ(world.tenant(id).status, Status::active);
}

TEST_F(LambdaTest, WhatHasNoTimeLeftComesAgain) {
  const auto id = world.sign_up("bob");
  EXPECT_EQ(batch({record({id, std::nullopt}), record({id, std::nullopt})}, std::chrono::seconds(5)),
            batch_answer({"m1", "m2"}));
  EXPECT_EQ(world.tenant(id).due_at, world.tenant(id).created_at);  // not begun
}

TEST_F(LambdaTest, OneBadMessageDoesNotHoldUpTheOthers) {
  const auto id = world.sign_up("bob");
  auto bad = record({id, std::nullopt});
  bad["body"] = "nonsense";
  EXPECT_EQ(batch({bad, record({id, std::nullopt})}), batch_answer({"m1"}));
  EXPECT_TRUE(world.tenant(id).database_made);
}

TEST_F(LambdaTest, AnEventOfNoKnownKindIsAnError) { EXPECT_THROW(handle({{"hello", "world"}}), Error); }

// A ledger whose claims fail for one tenant, as a row that cannot be read would.
class PoisonedStore : public test::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  std::optional<Tenant> claim(const TenantId& id, const Lease& lease, TimePoint now) override {
    if (id == poisoned) throw Error(ErrorKind::internal, "dynamodb: the row cannot be read");
    return MemoryStore::claim(id, lease, now);
  }
  TenantId poisoned;
};

TEST(LambdaGivesUp, AfterItsLastDeliveryAndSaysSoOnTheRow) {
  test::TestWorld world;
  PoisonedStore store(Port(20'000), Port(20'009));
  MemoryQueue queue(world.clock);
  World parts{store, world.runtime, world.database, world.mailer, world.probe, world.clock, world.random};
  Tenants tenants(parts, world.settings, [](const TenantId&) {});
  Worker worker(parts, world.settings, world.watch, queue, "lambda-1", Log::silent());
  Sweeper sweeper(
      parts, world.settings, [](const TenantId&) {}, Log::silent());
  api::Gate gate(store, world.clock, {});
  api::Context context{store,        gate,    tenants, world.watch, sweeper, world.settings.access, world.clock,
                       world.random, nullptr, nullptr, {},          "test",  Secret("s"),           Log::silent()};
  const auto router = api::make_router(context);
  Handler handler({router, worker, queue, store, sweeper, world.clock, Log::silent()});
  const auto id = std::get<Created>(tenants.sign_up(test::TestWorld::sign_up_of("bob"), {}, "hash")).tenant.id;
  store.poisoned = id;
  const auto deliver = [&](unsigned receives) {
    const json::object record{{"messageId", "m"},
                              {"body", to_message({id, std::nullopt})},
                              {"attributes", {{"ApproximateReceiveCount", std::to_string(receives)}}},
                              {"eventSource", "aws:sqs"}};
    return handler.handle({"r", json::serialize(json::object{{"Records", json::array{record}}}),
                           world.clock.now() + std::chrono::seconds(60), ""});
  };
  for (unsigned receives = 1; receives < 5; ++receives) EXPECT_EQ(deliver(receives), batch_answer({"m"}));
  EXPECT_EQ(store.find(id)->failure, "");
  EXPECT_EQ(deliver(5), batch_answer({}));
  EXPECT_THAT(store.find(id)->failure, HasSubstr("the row cannot be read"));
  EXPECT_THAT(store.find(id)->reason, HasSubstr("given up after 5 tries"));
  // Once it can be worked on again, it ends as failed, and nothing is left of it.
  store.poisoned = TenantId();
  for (int i = 0; i < 50 && store.find(id)->status != Status::failed; ++i) {
    world.clock.advance(std::chrono::seconds(30));
    worker.work({id, std::nullopt});
  }
  EXPECT_EQ(store.find(id)->status, Status::failed);
}

TEST_F(LambdaTest, TheClockFindsWhatIsDueAndSweepsNowAndThen) {
  const auto id = world.sign_up("bob");
  world.settle(id);
  world.runtime.remove(id, false);  // behind our back
  tick("2026-11-25T10:01:00Z");
  EXPECT_THAT(queue.entries, IsEmpty());
  tick("2026-11-25T10:10:00Z");
  ASSERT_EQ(queue.entries.size(), 1u);
  drain();
  EXPECT_EQ(world.tenant(id).status, Status::active);
  EXPECT_TRUE(world.runtime.inspect(id));
}

}  // namespace
}  // namespace slipway::lambda
