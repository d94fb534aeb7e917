#include "drivers/runtime/ecs/test_ecs_runtime.hpp"

// What one piece of work remembers, and no later one.
namespace slipway::ecs {
namespace {

using namespace test;
using testing::IsEmpty;

using EcsMemory = Ecs;

// AWS counts and limits requests: a new tenant's first start asks for nothing that this process knows already.
TEST_F(EcsMemory, AFirstStartAsksOnlyForWhatItCannotKnow) {
  aws.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.");
  aws.on("RegisterTaskDefinition",
         R"({"taskDefinition":{"status":"ACTIVE","taskDefinitionArn":"arn:x/)" + family + R"(:1"}})");
  aws.on("RunTask", R"({"tasks":[{}]})");
  tasks("", "");
  EXPECT_EQ(runtime.inspect(ann), std::nullopt);
  EXPECT_EQ(runtime.create(spec(), {}).id, family + ":1");
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::created);
  EXPECT_EQ(runtime.start(ann, 1), StartResult::started);
  EXPECT_EQ(aws.asked("DescribeTaskDefinition").size(), 1u);
  EXPECT_THAT(aws.asked("DescribeParameters"), IsEmpty());
  EXPECT_THAT(aws.asked("ListTaskDefinitions"), IsEmpty());
  EXPECT_EQ(aws.asked("ListTasks").size(), 1u) << "before it is made";

  runtime.inspect(ann);
  EXPECT_EQ(aws.asked("ListTasks").size(), 3u) << "what runs, and what has ended";
  EXPECT_EQ(string_at(aws.asked("ListTasks").back(), "desiredStatus"), "STOPPED") << "it may have ended by now";
  aws.world.clock.advance(Millis(5'000));
  runtime.inspect(ann);
  EXPECT_EQ(aws.asked("DescribeTaskDefinition").size(), 2u) << "others may have made another meanwhile";
}

// ECS lists a new task only after a while, but it has told its name.
TEST_F(EcsMemory, WhatWasJustStartedIsAskedForByName) {
  tasks("", "");
  aws.on("RunTask", R"({"tasks":[{"taskArn":"arn:new"}]})");
  EXPECT_EQ(runtime.start(ann, 1), StartResult::started);
  std::string now = task("PENDING");
  aws.on("DescribeTasks", [&](const json::object& input) {
    const bool known = array_at(input, "tasks")->at(0) == "arn:new" && !now.empty();
    return json::object{{"tasks", known ? json::parse("[" + now + "]") : json::array()}};
  });
  const auto lists = [&] { return aws.asked("ListTasks").size(); };
  const auto before = lists();
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::starting);
  EXPECT_EQ(runtime.start(ann, 1), StartResult::started) << "it runs";
  EXPECT_EQ(lists(), before);
  EXPECT_EQ(aws.asked("RunTask").size(), 1u);

  now = task("STOPPED", "STOPPED");
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::created) << "what has ended is looked for in the lists";
  EXPECT_EQ(lists(), before + 2);
  now = "";
  runtime.inspect(ann);
  EXPECT_EQ(lists(), before + 4) << "and so is what not even its name finds";
  now = task("RUNNING");
  aws.world.clock.advance(Millis(5'000));
  runtime.inspect(ann);
  EXPECT_EQ(lists(), before + 6) << "the name is forgotten after a while";
}

// Two functions in turn: what the one remembers is not what the other has done since.
TEST_F(EcsMemory, WhatAnotherFunctionStartedIsSeen) {
  aws.on("RegisterTaskDefinition",
         R"({"taskDefinition":{"status":"ACTIVE","taskDefinitionArn":"arn:x/)" + family + R"(:1"}})");
  tasks("", "");
  runtime.create(spec(), {});
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::created);
  tasks(task("RUNNING"), "");  // started by another, who died before he could write it down
  runtime.begin(ann);
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::running);
  EXPECT_EQ(runtime.start(ann, 1), StartResult::started);
  EXPECT_THAT(aws.asked("RunTask"), IsEmpty()) << "it runs already";
}

}  // namespace
}  // namespace slipway::ecs
