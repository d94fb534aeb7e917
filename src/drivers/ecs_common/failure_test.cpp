#include "drivers/ecs_common/failure.hpp"

#include <gmock/gmock.h>

#include "base/clock.hpp"

namespace slipway::ecs {
namespace {

using testing::HasSubstr;

struct Case {
  std::string reason;
  ErrorKind kind;
  std::string says;
};

TEST(FailureWords, EachReasonIsSaidAndHasItsClass) {
  const std::vector<Case> cases = {
      {"RESOURCE:MEMORY", ErrorKind::limited, "enough free memory"},
      {"RESOURCE:CPU", ErrorKind::limited, "CPU units"},
      {"RESOURCE:PORTS", ErrorKind::limited, "host port is in use"},
      {"RESOURCE:ENI", ErrorKind::limited, "network interface"},
      {"RESOURCE:GPU", ErrorKind::limited, "GPU"},
      {"RESOURCE:*", ErrorKind::limited, "lacks a resource"},
      {"EMPTY CAPACITY PROVIDER", ErrorKind::limited, "no instance"},
      {"NO ACTIVE INSTANCES", ErrorKind::limited, "no active instance"},
      {"AGENT", ErrorKind::unavailable, "agent"},
      {"ATTRIBUTE", ErrorKind::invalid, "attribute"},
      {"LOCATION", ErrorKind::invalid, "another place"},
      {"MemberOf placement constraint unsatisfied.", ErrorKind::invalid, "placement constraint"},
      {"MISSING", ErrorKind::unavailable, "not there"},
      {"INACTIVE", ErrorKind::unavailable, "not active"},
      {"SOMETHING NEW", ErrorKind::unavailable, "SOMETHING NEW"},
      {"", ErrorKind::unavailable, "gave no reason"},
  };
  for (const Case& c : cases) {
    const Error error = error_of_failure("start task shop:3", c.reason, "the detail");
    EXPECT_EQ(error.kind(), c.kind) << c.reason;
    EXPECT_THAT(error.message(), HasSubstr(c.says)) << c.reason;
    EXPECT_THAT(error.message(), HasSubstr("start task shop:3: " + c.reason));
    EXPECT_THAT(error.message(), HasSubstr("the detail"));
    if (c.kind == ErrorKind::limited) {
      EXPECT_EQ(error.retry_after(), Millis(60'000)) << "it must not be hammered";
    }
  }
}

boost::json::object stopped(const std::string& code, const std::string& reason, const std::string& container = "") {
  boost::json::object app{{"name", "app"}};
  if (!container.empty()) app["reason"] = container;
  return {{"stopCode", code}, {"stoppedReason", reason}, {"containers", boost::json::array{app}}};
}

TEST(StopReasons, AnImageThatIsNotThereIsHopeless) {
  for (const std::string text : {
           "CannotPullContainerError: Error response from daemon: manifest for shop:9 not found: manifest unknown",
           "CannotPullContainerError: pull access denied for shop, repository does not exist or may require login",
           "CannotPullContainerError: invalid reference format",
       }) {
    EXPECT_TRUE(reason_of_stop(stopped("TaskFailedToStart", text)).hopeless) << text;
    EXPECT_TRUE(reason_of_stop(stopped("EssentialContainerExited", "Task failed", text)).hopeless) << text;
    EXPECT_THAT(reason_of_stop(stopped("TaskFailedToStart", text)).words, HasSubstr(text));
  }
}

TEST(StopReasons, ARegistryThatDoesNotAnswerIsNot) {
  const auto stop = reason_of_stop(stopped(
      "TaskFailedToStart", "CannotPullContainerError: Get https://registry/v2/: net/http: request canceled (timeout)"));
  EXPECT_FALSE(stop.hopeless);
  EXPECT_FALSE(stop.no_room);
}

TEST(StopReasons, AFullClusterIsWaitedFor) {
  for (const std::string text : {"RESOURCE:MEMORY", "RESOURCE:CPU", "EMPTY CAPACITY PROVIDER", "NO ACTIVE INSTANCES"}) {
    const auto stop = reason_of_stop(stopped("TaskFailedToStart", text));
    EXPECT_TRUE(stop.no_room) << text;
    EXPECT_FALSE(stop.hopeless) << text;
    EXPECT_THAT(stop.words, HasSubstr(text));
  }
}

TEST(StopReasons, TheOthersAreSaid) {
  EXPECT_THAT(reason_of_stop(stopped("SpotInterruption", "Your Spot Task was interrupted.")).words,
              HasSubstr("taken away"));
  EXPECT_THAT(reason_of_stop(stopped("TerminationNotice", "The instance terminates.")).words, HasSubstr("taken away"));
  EXPECT_EQ(reason_of_stop(stopped("UserInitiated", "Slipway: stopped as asked")).words, "Slipway: stopped as asked");
  EXPECT_EQ(reason_of_stop(stopped("ServiceSchedulerInitiated", "scaling")).words, "scaling");
  EXPECT_EQ(reason_of_stop(stopped("EssentialContainerExited", "Essential container in task exited")).words, "");
  const std::string memory = "OutOfMemoryError: Container killed due to memory usage";
  EXPECT_THAT(reason_of_stop(stopped("EssentialContainerExited", "", memory)).words, HasSubstr(memory));
  EXPECT_TRUE(says_out_of_memory(memory));
  const std::string secrets = "ResourceInitializationError: unable to pull secrets or registry auth";
  EXPECT_THAT(reason_of_stop(stopped("TaskFailedToStart", secrets)).words, HasSubstr(secrets));
  EXPECT_FALSE(reason_of_stop(stopped("TaskFailedToStart", secrets)).hopeless);
}

}  // namespace
}  // namespace slipway::ecs
