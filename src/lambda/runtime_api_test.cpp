#include "lambda/runtime_api.hpp"

#include <gtest/gtest.h>

#include "base/json.hpp"
#include "tests/imposter/imposter.hpp"

namespace slipway::lambda {
namespace {

using slipway::test::Imposter;
using slipway::test::ImposterRequest;
using slipway::test::ImposterResponse;

// Lambda's side of the interface: hands out these events, then says that the sandbox is at its end.
struct Sandbox {
  explicit Sandbox(std::vector<std::string> events) {
    imposter.on("GET /2018-06-01/runtime/invocation/next",
                [this, events = std::move(events)](const ImposterRequest&) -> ImposterResponse {
                  if (given == events.size()) return {.status = 500};
                  const auto n = std::to_string(given);
                  return {.headers = {{"Lambda-Runtime-Aws-Request-Id", "r" + n},
                                      {"Lambda-Runtime-Deadline-Ms", "180000000000" + n},
                                      {"Lambda-Runtime-Trace-Id", "Root=1"}},
                          .body = events[given++],
                          .delay = std::chrono::milliseconds(20)};
                });
    imposter.on("*", {.status = 202});
  }
  std::string host() const { return "127.0.0.1:" + std::to_string(imposter.port()); }

  Imposter imposter;
  std::size_t given = 0;
};

TEST(RuntimeApi, HandlesOneEventAfterTheOther) {
  Sandbox sandbox({"\"a\"", "\"b\""});
  RuntimeApi api(sandbox.host());
  std::vector<Invocation> seen;
  EXPECT_THROW(serve(api,
                     [&](const Invocation& invocation) {
                       seen.push_back(invocation);
                       return "{\"seen\":" + invocation.event + "}";
                     }),
               Error);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[1].id, "r1");
  EXPECT_EQ(seen[1].deadline, TimePoint(Millis(1'800'000'000'001)));
  EXPECT_EQ(seen[1].trace_id, "Root=1");
  const auto answers = sandbox.imposter.requests("POST /2018-06-01/runtime/invocation/r1/response");
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(answers[0].body, "{\"seen\":\"b\"}");
}

TEST(RuntimeApi, TellsWhyAnEventFailedAndGoesOn) {
  Sandbox sandbox({"1", "2", "3"});
  RuntimeApi api(sandbox.host());
  EXPECT_THROW(serve(api,
                     [&](const Invocation& invocation) -> std::string {
                       if (invocation.event == "1") throw Error(ErrorKind::not_found, "no such thing");
                       if (invocation.event == "2") throw std::runtime_error("a surprise");
                       return "{}";
                     }),
               Error);
  const auto first = sandbox.imposter.requests("POST /2018-06-01/runtime/invocation/r0/error");
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(net::header(first[0].headers, "Lambda-Runtime-Function-Error-Type"), "Slipway.NotFound");
  EXPECT_EQ(parse_json(first[0].body, "body").at("errorMessage"), "no such thing");
  const auto second = sandbox.imposter.requests("POST /2018-06-01/runtime/invocation/r1/error");
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(net::header(second[0].headers, "Lambda-Runtime-Function-Error-Type"), "Slipway.Internal");
  EXPECT_EQ(sandbox.imposter.requests("POST /2018-06-01/runtime/invocation/r2/response").size(), 1u);
}

TEST(RuntimeApi, TellsWhyItCannotBegin) {
  Sandbox sandbox({});
  RuntimeApi(sandbox.host()).fail_init("Slipway.Invalid", "SLIPWAY_TABLE is not set");
  const auto told = sandbox.imposter.requests("POST /2018-06-01/runtime/init/error");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(parse_json(told[0].body, "body").at("errorType"), "Slipway.Invalid");
  EXPECT_EQ(net::header(told[0].headers, "Lambda-Runtime-Function-Error-Type"), "Slipway.Invalid");
}

}  // namespace
}  // namespace slipway::lambda
