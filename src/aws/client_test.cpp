#include "aws/client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/test_aws.hpp"

namespace slipway::aws {
namespace {

using slipway::test::ImposterRequest;
using slipway::test::ImposterResponse;
using testing::HasSubstr;
using testing::Not;

ImposterResponse refused(int status, const std::string& code, const std::string& message = "why",
                         net::Headers headers = {}) {
  return {.status = status,
          .headers = std::move(headers),
          .body = boost::json::serialize(boost::json::object{{"__type", code}, {"message", message}})};
}

// The answers one after the other, the last one for ever.
slipway::test::Imposter::Script in_turn(std::vector<ImposterResponse> answers) {
  auto at = std::make_shared<std::atomic<std::size_t>>(0);
  return [answers, at](const ImposterRequest&) { return answers[std::min((*at)++, answers.size() - 1)]; };
}

TEST(AwsClient, SpeaksJsonUnderATarget) {
  test::World world(services::dynamodb);
  world.imposter.on("POST /", {.body = R"({"Item":{"n":{"N":"1"}}})"});
  auto client = world.client();
  const auto answer = client.call("GetItem", boost::json::object{{"TableName", "t"}});
  EXPECT_TRUE(answer.contains("Item"));
  const auto request = world.imposter.requests().at(0);
  EXPECT_EQ(net::header(request.headers, "X-Amz-Target"), "DynamoDB_20120810.GetItem");
  EXPECT_EQ(net::header(request.headers, "Content-Type"), "application/x-amz-json-1.0");
  EXPECT_EQ(net::header(request.headers, "X-Amz-Security-Token"), "the-session-token");
  EXPECT_THAT(net::header(request.headers, "Authorization"),
              HasSubstr("/eu-central-1/dynamodb/aws4_request, SignedHeaders=content-type;host;x-amz-date;"
                        "x-amz-security-token;x-amz-target"));
  EXPECT_EQ(request.body, R"({"TableName":"t"})");
}

TEST(AwsClient, SpeaksFormsAndReadsXml) {
  test::World world(services::ec2);
  world.imposter.on("POST /", {.body = R"(<?xml version="1.0"?><D:R xmlns:D="x"><set><item><ip>10.0.0.1</ip></item>)"
                                       R"(<item><ip> 10.0.0.2</ip></item></set></D:R>)"});
  auto client = world.client();
  const auto answer = client.call("DescribeInstances", Parameters{{"Filter.1.Name", "a b&c"}});
  EXPECT_EQ(answer.name, "R");
  EXPECT_EQ(answer.text_at("set/item/ip"), "10.0.0.1");
  EXPECT_EQ(answer.all("set/item/ip").size(), 2u);
  EXPECT_EQ(answer.text_at("set/nothing"), "");
  EXPECT_EQ(world.imposter.requests().at(0).body,
            "Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=a%20b%26c");
}

TEST(AwsClient, TurnsRefusalsIntoErrorsOfTheirKind) {
  const std::vector<std::tuple<int, std::string, ErrorKind>> known = {
      {400, "com.amazonaws.ecs#ClusterNotFoundException", ErrorKind::not_found},
      {400, "ConditionalCheckFailedException:http://internal.amazon.com/", ErrorKind::conflict},
      {400, "TransactionCanceledException", ErrorKind::conflict},
      {400, "AccessDeniedException", ErrorKind::forbidden},
      {403, "UnrecognizedClientException", ErrorKind::unauthorized},
      {400, "ThrottlingException", ErrorKind::limited},
      {400, "InvalidParameterException", ErrorKind::invalid},
      {500, "ServerException", ErrorKind::unavailable},
      {400, "AWS.SimpleQueueService.NonExistentQueue", ErrorKind::not_found},
      {400, "ParameterAlreadyExists", ErrorKind::conflict},
  };
  for (const auto& [status, code, kind] : known) {
    SCOPED_TRACE(code);
    test::World world;
    world.imposter.on("POST /", refused(status, code));
    auto client = world.client();
    try {
      client.call("RunTask", boost::json::object{}, {.tries = 1});
      FAIL() << "no error";
    } catch (const ServiceError& e) {
      EXPECT_EQ(e.kind(), kind);
      EXPECT_THAT(e.message(), HasSubstr("ecs: RunTask: " + e.code() + ": why"));
      EXPECT_EQ(e.code().find_first_of("#:"), std::string::npos);
      EXPECT_TRUE(e.details().contains("__type"));
    }
  }
}

TEST(AwsClient, ReadsErrorsOfEveryShape) {
  const std::vector<std::pair<ImposterResponse, std::string>> shapes = {
      {{.status = 400, .headers = {{"x-amzn-ErrorType", "FooException:http://x/"}}, .body = "{}"}, "FooException"},
      {{.status = 400, .body = R"({"code":"FooException","Message":"m"})"}, "FooException"},
      {{.status = 403, .body = "<ErrorResponse><Error><Code>Foo</Code><Message>m</Message></Error></ErrorResponse>"},
       "Foo"},
      {{.status = 400,
        .body = "<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code></Error></Errors></Response>"},
       "InvalidInstanceID.NotFound"},
      {{.status = 404, .body = "<html><p>a proxy's page"}, ""},
      {{.status = 400, .body = "no json"}, ""},
  };
  for (const auto& [answer, code] : shapes) {
    SCOPED_TRACE(answer.body);
    test::World world;
    world.imposter.on("POST /", answer);
    auto client = world.client();
    try {
      client.call("RunTask", boost::json::object{}, {.tries = 1});
      FAIL() << "no error";
    } catch (const ServiceError& e) {
      EXPECT_EQ(e.code(), code);
    }
  }
}

TEST(AwsClient, NeverShowsSecretsThatAwsRepeats) {
  test::World world;
  world.imposter.on("POST /", refused(403, "InvalidSignatureException",
                                      "the signature (the-session-token, the-secret-key) is wrong\n\nThe Canonical "
                                      "String should have been\nx-amz-security-token:the-session-token"));
  auto client = world.client();
  try {
    client.call("RunTask", boost::json::object{});
    FAIL() << "no error";
  } catch (const ServiceError& e) {
    EXPECT_THAT(e.message(), Not(HasSubstr("the-session-token")));
    EXPECT_THAT(e.message(), Not(HasSubstr("the-secret-key")));
    EXPECT_THAT(e.message(), Not(HasSubstr("Canonical")));
  }
}

TEST(AwsClient, TriesAgainWhatPasses) {
  const std::vector<ImposterResponse> passing = {refused(400, "ThrottlingException"),
                                                 refused(500, "ServerException"),
                                                 {.status = 503},
                                                 {.reset = true},
                                                 {.truncate_after = 3}};
  for (std::size_t i = 0; i < passing.size(); ++i) {
    SCOPED_TRACE(i);
    auto first = passing[i];
    if (first.truncate_after) first.body = R"({"tasks":[]})";
    test::World world;
    world.imposter.on("POST /", in_turn({first, first, {.body = R"({"ok":true})"}}));
    auto client = world.client();
    EXPECT_TRUE(client.call("RunTask", boost::json::object{}).contains("ok"));
    EXPECT_EQ(world.imposter.requests().size(), 3u);
    EXPECT_EQ(std::count_if(world.waits.begin(), world.waits.end(), [](Millis w) { return w.count() > 20'000; }), 0);
  }
}

TEST(AwsClient, GivesUpAfterItsTries) {
  test::World world;
  world.imposter.on("POST /", refused(400, "ThrottlingException"));
  auto client = world.client();
  EXPECT_THROW(client.call("RunTask", boost::json::object{}, {.tries = 3}), ServiceError);
  EXPECT_EQ(world.imposter.requests().size(), 3u);
}

TEST(AwsClient, DoesNotRepeatWhatWillNotChange) {
  for (const char* code : {"InvalidParameterException", "ConditionalCheckFailedException", "LimitExceededException"}) {
    SCOPED_TRACE(code);
    test::World world;
    world.imposter.on("POST /", refused(400, code));
    auto client = world.client();
    EXPECT_THROW(client.call("RunTask", boost::json::object{}), ServiceError);
    EXPECT_EQ(world.imposter.requests().size(), 1u);
  }
}

TEST(AwsClient, WaitsAsLongAsItIsAsked) {
  test::World world;
  world.imposter.on("POST /", in_turn({refused(503, "Busy", "later", {{"Retry-After", "7"}}), {.body = "{}"}}));
  auto client = world.client();
  client.call("RunTask", boost::json::object{});
  EXPECT_GE(*std::max_element(world.waits.begin(), world.waits.end()), Millis(7'000));
}

TEST(AwsClient, SpendsABudgetOnRetries) {
  test::World world;
  world.imposter.on("POST /", refused(500, "ServerException"));
  auto client = world.client();
  for (int i = 0; i < 60; ++i) {
    EXPECT_THROW(client.call("ListClusters", boost::json::object{}), ServiceError);
  }
  // 500 tokens pay for 100 retries; then each call is sent once.
  EXPECT_EQ(world.imposter.requests().size(), 60u + 100u);
}

TEST(AwsClient, LearnsAwssClock) {
  test::World world;
  world.clock.advance_to(TimePoint(std::chrono::sys_days(std::chrono::year(2027) / 3 / 4)) + std::chrono::hours(10));
  world.imposter.on("POST /", [](const ImposterRequest& request) -> ImposterResponse {
    if (net::header(request.headers, "X-Amz-Date") == "20270304T103000Z") return {.body = "{}"};
    return refused(403, "InvalidSignatureException", "Signature expired: 20270304T100000Z is now earlier than ...",
                   {{"Date", "Thu, 04 Mar 2027 10:30:00 GMT"}});
  });
  auto client = world.client();
  client.call("RunTask", boost::json::object{});
  client.call("RunTask", boost::json::object{});
  EXPECT_EQ(world.imposter.requests().size(), 3u);  // learnt once
  EXPECT_TRUE(std::all_of(world.waits.begin(), world.waits.end(), [](Millis w) { return w == Millis(0); }));
}

TEST(AwsClient, DoesNotTurnInCirclesOnAWrongClock) {
  test::World world;
  world.imposter.on("POST /", refused(403, "RequestTimeTooSkewed", "no", {{"Date", "Thu, 04 Mar 2027 10:30:00 GMT"}}));
  auto client = world.client();
  EXPECT_THROW(client.call("RunTask", boost::json::object{}), ServiceError);
  EXPECT_EQ(world.imposter.requests().size(), 2u);
}

TEST(AwsClient, ChecksTheChecksumOfDynamoDb) {
  test::World world(services::dynamodb);
  const ImposterResponse damaged{.headers = {{"x-amz-crc32", "1"}}, .body = "{}"};
  const ImposterResponse whole{.headers = {{"x-amz-crc32", "2745614147"}}, .body = "{}"};  // of "{}"
  world.imposter.on("POST /", in_turn({damaged, whole}));
  auto client = world.client();
  client.call("GetItem", boost::json::object{});
  EXPECT_EQ(world.imposter.requests().size(), 2u);
}

class Renewing : public CredentialsProvider {
 public:
  Credentials get() override { return {"AKID" + std::to_string(generation), Secret("s"), Secret("t"), std::nullopt}; }
  void refused(const std::string& key) override {
    if (key == "AKID" + std::to_string(generation)) ++generation;
  }
  int generation = 1;
};

TEST(AwsClient, FetchesNewCredentialsWhenTheOldOnesHaveEnded) {
  test::World world;
  Renewing credentials;
  world.imposter.on("POST /", [](const ImposterRequest& request) -> ImposterResponse {
    const auto authorization = net::header(request.headers, "Authorization");
    if (authorization.find("Credential=AKID2/") != std::string::npos) return {.body = "{}"};
    return refused(400, "ExpiredTokenException", "The security token included in the request is expired");
  });
  auto session = world.session();
  Session renewing{session.region, credentials, session.clock, session.random, session.endpoint_override};
  Client client(renewing, services::ecs);
  client.call("RunTask", boost::json::object{});
  EXPECT_EQ(credentials.generation, 2);
  EXPECT_EQ(world.imposter.requests().size(), 2u);
}

TEST(AwsClient, KeepsItselfWithinTheLimitsOfEcs) {
  test::World world;
  world.imposter.on("POST /", {.body = "{}"});
  auto client = world.client();
  for (int i = 0; i < 22; ++i) client.call("RegisterTaskDefinition", boost::json::object{});
  std::erase(world.waits, Millis(0));
  // A burst of 20, then one a second.
  EXPECT_EQ(world.waits, (std::vector<Millis>{Millis(1'000), Millis(2'000)}));
  client.call("RunTask", boost::json::object{});
  EXPECT_EQ(world.waits.size(), 2u);
}

TEST(AwsClient, RefusesWhatWouldWaitTooLongForALimit) {
  test::World world;
  world.imposter.on("POST /", {.body = "{}"});
  auto client = world.client();
  for (int i = 0; i < 50; ++i) client.call("RegisterTaskDefinition", boost::json::object{});
  try {
    client.call("RegisterTaskDefinition", boost::json::object{});
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::limited);
    EXPECT_TRUE(e.retry_after());
  }
  EXPECT_EQ(world.imposter.requests().size(), 50u);
}

TEST(AwsClient, KeepsThePathOfAnEndpointOfAnotherPlace) {
  test::World world;
  world.imposter.on("POST /aws/", {.body = "{}"});
  auto session = world.session();
  session.endpoint_override = [&](const std::string&) { return world.imposter.base_url() + "/aws"; };
  Client client(session, services::ecs);
  client.call("RunTask", boost::json::object{});
  EXPECT_EQ(world.imposter.requests().at(0).target, "/aws/");
}

}  // namespace
}  // namespace slipway::aws
