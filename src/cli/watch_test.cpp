#include <gmock/gmock.h>

#include "cli/exit_code.hpp"
#include "cli/harness.hpp"

namespace slipway::cli::test {
namespace {

using testing::HasSubstr;

const std::string acme_path = std::string("/v1/tenants/") + acme_id;
const std::string first_event =
    R"({"seq":1,"at":"2026-11-23T15:42:00.123Z","kind":"step","step":"probe","message":"the app answered","durationMs":1200})";
const std::string last_event =
    R"({"seq":2,"at":"2026-11-23T15:42:05.000Z","kind":"request","message":"asked to delete"})";

using Events = CommandTest;

TEST_F(Events, AreShownWithTimeAndDuration) {
  answer("GET " + acme_path + "/events", fmt::format(R"({{"events":[{},{}],"last":2}})", first_event, last_event));
  const Outcome outcome = slipway({"events", acme_id, "--limit", "7"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out,
            "2026-11-23 15:42:00Z  ✓ the app answered                          1.2 s\n"
            "2026-11-23 15:42:05Z  · asked to delete\n");
  EXPECT_THAT(server.requests().front().target, HasSubstr("limit=7&wait=0"));
  EXPECT_EQ(slipway({"events", acme_id, "--json"}).out,
            fmt::format("{{\"events\":[{},{}],\"last\":2}}\n", first_event, last_event));
}

TEST_F(Events, AreFollowedUntilTheTenantIsDeleted) {
  answers("GET " + acme_path + "/events",
          {fmt::format(R"({{"events":[{}],"last":1}})", first_event), R"({"events":[],"last":1})",
           fmt::format(R"({{"events":[{}],"last":2}})", last_event)});
  answers("GET " + acme_path, {acme("active"), acme("deleted")});
  const Outcome outcome = slipway({"events", "-f", acme_id, "--json"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out, first_event + "\n" + last_event + "\n");
  const auto polls = server.requests("GET " + acme_path + "/events");
  ASSERT_EQ(polls.size(), 3u);
  EXPECT_THAT(polls[2].target, HasSubstr("after=1&limit=1000&wait=25"));
}

class Logs : public CommandTest {
 protected:
  Logs() {
    slipway::test::ImposterResponse stream;
    stream.headers = {{"Content-Type", "text/plain"}};
    stream.chunks = {"one\ntw", "o \x1b[31mred\xff\r\n", "unfinished"};
    server.on("GET " + acme_path + "/logs", stream);
  }
};

TEST_F(Logs, ArePassedOnWordForWordToAPipe) {
  const Outcome outcome = slipway({"logs", acme_id, "--tail", "5", "-f"});
  EXPECT_EQ(outcome.code, exit_ok) << outcome.err;
  EXPECT_EQ(outcome.out, "one\ntwo \x1b[31mred\xff\r\nunfinished");
  EXPECT_EQ(server.requests().front().target, acme_path + "/logs?tail=5&follow=1");
}

TEST_F(Logs, AreMadeSafeForATerminal) {
  terminal = true;
  EXPECT_EQ(slipway({"logs", acme_id}).out, "one\ntwo \\x1b[31mred\\xff\nunfinished\n");
}

TEST_F(Logs, AreAJsonDocumentALine) {
  EXPECT_EQ(slipway({"logs", acme_id, "--json"}).out,
            "{\"line\":\"one\"}\n{\"line\":\"two \\u001b[31mred\uFFFD\"}\n{\"line\":\"unfinished\"}\n");
}

TEST_F(Logs, EndWhenTheyAreToldTo) {
  slipway::test::ImposterResponse stream;
  stream.chunks = {"one\n"};
  stream.endless = true;
  server.on("GET " + acme_path + "/logs", stream);
  std::jthread ctrl_c([&] {
    server.wait_for_requests(1);
    stop.request_stop();
  });
  EXPECT_EQ(slipway({"logs", "-f", acme_id}).code, exit_ok);
}

TEST_F(Logs, OfATenantThatIsNotThere) {
  answer("GET " + acme_path + "/logs", R"({"status":404,"detail":"there is no tenant"})", 404);
  const Outcome outcome = slipway({"logs", acme_id});
  EXPECT_EQ(outcome.code, exit_not_found);
  EXPECT_EQ(outcome.err, "slipway: there is no tenant\n");
}

using Stats = CommandTest;

TEST_F(Stats, AreAmounts) {
  const std::string stats = R"({"memoryBytes":35756442,"memoryLimitBytes":268435456,"cpuSeconds":12.34,"pids":5})";
  answer("GET " + acme_path + "/stats", stats);
  EXPECT_EQ(slipway({"stats", acme_id}).out,
            "memory     34.1 MiB of 256 MiB (13 %)\n"
            "cpu        12.3 s\n"
            "processes  5\n");
  EXPECT_EQ(boost::json::parse(slipway({"stats", acme_id, "--json"}).out), boost::json::parse(stats));
}

}  // namespace
}  // namespace slipway::cli::test
