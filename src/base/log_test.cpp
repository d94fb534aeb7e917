#include "base/log.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>

#include "base/text.hpp"

namespace slipway {
namespace {

std::string written(LogFormat format, LogLevel level, const std::function<void(const Log&)>& write) {
  testing::internal::CaptureStderr();
  write(Log(format, level));
  return testing::internal::GetCapturedStderr();
}

TEST(Log, WritesOneJsonObjectALine) {
  const std::string text = written(LogFormat::json, LogLevel::info, [](const Log& log) {
    log.warn("a \"quoted\"\nmessage", {{"tenant", "t_1"}, {"why", "x\ny"}});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  const auto line = boost::json::parse(text).as_object();
  EXPECT_EQ(line.at("message").as_string(), "a \"quoted\"\nmessage");
  EXPECT_EQ(line.at("level").as_string(), "warn");
  EXPECT_EQ(line.at("tenant").as_string(), "t_1");
  EXPECT_EQ(line.at("why").as_string(), "x\ny");
  EXPECT_THAT(std::string(line.at("time").as_string()), testing::MatchesRegex("20.*T.*Z"));
}

TEST(Log, WritesForPeopleAndNoValueCanForgeALine) {
  const std::string text = written(LogFormat::human, LogLevel::info, [](const Log& log) {
    log.info("tenant is active", {{"tenant", "t_1"}, {"reason", "a b\n12:00 error forged"}});
  });
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  EXPECT_THAT(text, testing::HasSubstr("tenant is active  tenant=t_1  reason=\"a b\\n12:00 error forged\""));
}

TEST(Log, HoldsNothingThatATerminalActsOn) {
  for (const LogFormat format : {LogFormat::human, LogFormat::json}) {
    std::string text = written(format, LogLevel::info, [](const Log& log) {
      log.info("a\x1b[2J\x7f\xc2\x9b", {{"path", "/\xff\xe2\x80\xae"},
                                        {"why",
                                         "x\xc2\x9b"
                                         "31m"}});
    });
    ASSERT_TRUE(text.ends_with('\n'));
    text.pop_back();
    EXPECT_FALSE(has_control_characters(text)) << text;
  }
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
  const std::string text = written(LogFormat::json, LogLevel::warn, [](const Log& log) {
    log.info("quiet");
    log.error("loud");
  });
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("quiet")));
  EXPECT_THAT(text, testing::HasSubstr("loud"));
}

}  // namespace
}  // namespace slipway
