#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "base/json.hpp"
#include "lambda/http_event.hpp"
#include "lambda/work_event.hpp"
#include "lambda/work_queue.hpp"

namespace slipway::lambda {
namespace {

using testing::ElementsAre;

// Events of AWS's documentation: tests/aws/events/README.md.
boost::json::object golden(const std::string& name) {
  std::ifstream file("tests/aws/events/" + name + ".json");
  std::stringstream text;
  text << file.rdbuf();
  return parse_json(text.str(), name).as_object();
}

net::ServerRequest taken(const boost::json::object& event) { return std::get<net::ServerRequest>(request_of(event)); }

TEST(HttpEvent, IsARequestOfOurs) {
  const auto event = golden("http_get");
  ASSERT_TRUE(is_http_event(event));
  const auto request = taken(event);
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.path, "/my/path");
  EXPECT_EQ(request.query, "parameter1=value1&parameter1=value2&parameter2=value");
  EXPECT_EQ(request.peer, "192.0.2.1");
  EXPECT_EQ(net::header(request.headers, "Header2"), "value1,value2");
  EXPECT_EQ(net::header(request.headers, "Cookie"), "cookie1; cookie2");
  EXPECT_EQ(request.body, "");
}

TEST(HttpEvent, ABodyMayComeInBase64) {
  const auto request = taken(golden("http_provision"));
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(parse_json(request.body, "body").at("subdomain"), "alice");
  EXPECT_EQ(net::header(request.headers, "Authorization"), "Bearer sk_test");
}

TEST(HttpEvent, ComesFromWhomTheGatewaySawWhateverHeadersSay) {
  auto event = golden("http_provision");
  event["headers"].as_object()["Forwarded"] = "for=1.1.1.1";
  const auto request = taken(event);
  EXPECT_EQ(request.peer, event.at("requestContext").at("http").at("sourceIp").as_string());
  EXPECT_TRUE(request.tls);
  for (const char* name : {"X-Forwarded-For", "Forwarded"}) {
    EXPECT_EQ(net::header(request.headers, name), "") << name;
  }
}

// API Gateway joins the values of a header that came more than once.
TEST(HttpEvent, RefusesASecondOfWhatIsReadOnce) {
  const auto status_with = [](const char* name, const char* value) {
    auto event = golden("http_provision");
    event["headers"].as_object()[name] = value;
    const auto request = request_of(event);
    const auto* refused = std::get_if<net::Response>(&request);
    return refused == nullptr ? 200 : refused->status;
  };
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"authorization", "Bearer sk_a,Bearer sk_b"},
                                                        {"authorization", "Bearer sk_a, Bearer sk_a"},
                                                        {"authorization", ",Bearer sk_a"},
                                                        {"idempotency-key", "k1,k2"},
                                                        {"idempotency-key", "k1, k1"},
                                                        {"content-type", "text/plain,application/json"},
                                                        {"content-type", "application/json, application/json"},
                                                        {"host", "a.example,b.example"},
                                                        {"host", "a.example/x"},
                                                        {"last-event-id", "1,2"},
                                                        {"origin", "https://a,https://b"},
                                                        {"Authorization", "Bearer sk_b"},  // beside "authorization"
                                                        {"HOST", "b.example"}}) {
    EXPECT_EQ(status_with(name, value), 400) << name << ": " << value;
  }
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"accept", "a/b,c/d"},
                                                        {"x-forwarded-for", "1.1.1.1,2.2.2.2"},
                                                        {"content-type", "application/json; charset=utf-8"},
                                                        {"idempotency-key", "order 7; second try"},
                                                        {"host", ""}}) {
    EXPECT_EQ(status_with(name, value), 200) << name << ": " << value;
  }
}

TEST(HttpEvent, RefusesABodyThatIsNone) {
  auto event = golden("http_provision");
  for (const char* body : {"%%%%", "abc", "a==="}) {
    event["body"] = body;
    EXPECT_EQ(std::get<net::Response>(request_of(event)).status, 400) << body;
  }
  EXPECT_EQ(net::header(std::get<net::Response>(request_of(event)).headers, "Cache-Control"), "no-store");
  event["isBase64Encoded"] = false;
  event["body"] = std::string(body_limit_bytes + 1, 'x');
  EXPECT_EQ(std::get<net::Response>(request_of(event)).status, 413);
  event["body"] = std::string(body_limit_bytes, 'x');
  EXPECT_EQ(taken(event).body.size(), body_limit_bytes);
}

TEST(HttpEvent, LeavesTheStageOutOfThePath) {
  auto event = golden("http_get");
  event.at("requestContext").as_object()["stage"] = "prod";
  for (const auto& [raw, path] : std::vector<std::pair<std::string, std::string>>{
           {"/prod/my/path", "/my/path"}, {"/prod", "/"}, {"/production/x", "/production/x"}}) {
    event["rawPath"] = raw;
    EXPECT_EQ(taken(event).path, path);
  }
}

TEST(HttpEvent, AnswersAsAnHttpApiWantsIt) {
  const net::Response response{201,
                               {{"Content-Type", "application/json"},
                                {"Set-Cookie", "a=1"},
                                {"set-cookie", "b=2"},
                                {"Vary", "Origin"},
                                {"Vary", "Accept"}},
                               "{\"ä\":1}"};
  EXPECT_EQ(
      boost::json::value(answer_of(response, false)),
      boost::json::parse(R"({"statusCode":201,"headers":{"content-type":"application/json","vary":"Origin, Accept"},
                                   "cookies":["a=1","b=2"],"body":"{\"ä\":1}","isBase64Encoded":false})"));
  EXPECT_EQ(answer_of(response, true).at("body"), "");
  const auto binary = answer_of({200, {}, std::string("\xff\x00\x01", 3)}, false);
  EXPECT_EQ(binary.at("body"), "/wAB");
  EXPECT_EQ(binary.at("isBase64Encoded"), true);
}

TEST(HttpEvent, WaitsForNothing) {
  net::WaitingResponse waiting;
  waiting.timeout = std::chrono::hours(1);
  waiting.subscribe = [](std::function<void()>) { FAIL() << "somebody waits"; };
  waiting.finish = [] { return net::Response{202, {}, "now"}; };
  EXPECT_EQ(settle(waiting).status, 202);
}

// Gives so many kilobytes, and then waits for more.
struct Kilobytes : PieceSource {
  explicit Kilobytes(int count) : left(count) {}
  State pull(std::string& out) override {
    if (left-- <= 0) return State::waiting;
    out += std::string(1'024, 'x');
    return State::more;
  }
  int left;
};

net::StreamingResponse stream_of(int kilobytes) {
  net::StreamingResponse streaming;
  streaming.open = [kilobytes](const auto&, const auto&) { return std::make_unique<Kilobytes>(kilobytes); };
  return streaming;
}

TEST(HttpEvent, GivesTheBeginningOfAStream) {
  const auto response = settle(stream_of(10'000));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body.size(), stream_limit_bytes);
}

TEST(HttpEvent, GivesWhatThereIsOfAStreamThatGoesOn) {
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(settle(stream_of(3)).body.size(), 3'072u);
  EXPECT_LT(std::chrono::steady_clock::now() - began, stream_time);
}

TEST(SqsEvent, IsMessages) {
  const auto messages = sqs_messages(golden("sqs"));
  ASSERT_TRUE(messages);
  ASSERT_EQ(messages->size(), 2u);
  EXPECT_EQ(messages->at(0).id, "059f36b4-87a3-44ab-83d2-661975830a7d");
  EXPECT_EQ(messages->at(1).receive_count, 4u);
  const auto work = parse_message(messages->at(1).body);
  EXPECT_EQ(work.tenant, TenantId("t_01jdd2x8k40a1b2c3d4f"));
  EXPECT_EQ(work.due, TimePoint(Millis(1545082650636)));
  EXPECT_FALSE(sqs_messages(golden("http_get")));
}

TEST(SqsEvent, AMessageIsWhatWasWritten) {
  for (const auto& due : {std::optional<TimePoint>(), std::optional<TimePoint>(TimePoint(Millis(1'800'000'000'123)))}) {
    const auto read = parse_message(to_message({TenantId("t_01jdd2x8k40a1b2c3d4f"), due}));
    EXPECT_EQ(read.tenant, TenantId("t_01jdd2x8k40a1b2c3d4f"));
    EXPECT_EQ(read.due, due);
  }
  for (const char* body : {"", "[]", "{}", R"({"tenant":"../x"})"}) EXPECT_THROW(parse_message(body), Error) << body;
}

TEST(SqsEvent, SaysWhichMessagesFailed) {
  EXPECT_EQ(batch_answer({}), R"({"batchItemFailures":[]})");
  EXPECT_EQ(batch_answer({"a", "b"}), R"({"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]})");
}

TEST(TaskEvent, NamesTheTenant) {
  auto event = golden("ecs_task");
  EXPECT_EQ(task_event(event), TenantId("t_01jdd2x8k40a1b2c3d4e"));
  auto& detail = event.at("detail").as_object();
  detail["startedBy"] = "slipway/t_01jdd2x8k40a1b2c3d4e";
  EXPECT_EQ(task_event(event), TenantId("t_01jdd2x8k40a1b2c3d4e"));
  for (const char* other : {"ecs-svc/1234567890", "", "t_", "someone"}) {
    detail["startedBy"] = other;
    EXPECT_EQ(task_event(event), TenantId()) << other;
  }
  detail.erase("startedBy");
  EXPECT_EQ(task_event(event), TenantId());
  EXPECT_FALSE(task_event(golden("schedule")));
}

TEST(ClockEvent, SaysWhenItWasDue) {
  EXPECT_EQ(to_rfc3339(clock_event(golden("schedule")).value()), "2019-03-01T01:23:45.000Z");
  EXPECT_FALSE(clock_event(golden("ecs_task")));
}

TEST(Delay, IsInWholeSecondsAndNeverTooEarly) {
  const TimePoint now(Millis(1'000'000));
  const auto at = [&](Millis ahead) { return delay_seconds({TenantId("t"), now + ahead}, Millis(0), now); };
  EXPECT_EQ(at(Millis(-5)), 0u);
  EXPECT_EQ(at(Millis(1)), 1u);
  EXPECT_EQ(at(Millis(1'001)), 2u);
  EXPECT_EQ(at(std::chrono::minutes(15)), 900u);
  EXPECT_FALSE(at(std::chrono::minutes(15) + Millis(1)));
  EXPECT_EQ(delay_seconds({TenantId("t"), std::nullopt}, Millis(5'000), now), 5u);
}

}  // namespace
}  // namespace slipway::lambda
