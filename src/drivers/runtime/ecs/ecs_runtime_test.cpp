#include "drivers/runtime/ecs/task_definition.hpp"
#include "drivers/runtime/ecs/test_ecs_runtime.hpp"

namespace slipway::ecs {
namespace {

using namespace test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST_F(Ecs, ADefinitionHoldsLimitsAndNoSecret) {
  aws.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.");
  const Instance made = runtime.create(spec(), {});
  EXPECT_EQ(made.id, family + ":3");
  EXPECT_EQ(made.state, InstanceState::created);
  ASSERT_EQ(aws.asked("RegisterTaskDefinition").size(), 1u);
  const json::object input = aws.asked("RegisterTaskDefinition")[0];
  EXPECT_THAT(json::serialize(input), Not(HasSubstr("hunter2")));
  EXPECT_EQ(string_at(input, "family"), family);
  EXPECT_EQ(string_at(input, "networkMode"), "bridge");
  const auto* containers = array_at(input, "containerDefinitions");
  const json::object& init = containers->at(0).as_object();
  const json::object& app = containers->at(1).as_object();
  EXPECT_FALSE(bool_at(init, "essential", true));
  EXPECT_EQ(json::serialize(*array_at(app, "dependsOn")), R"([{"containerName":"init","condition":"SUCCESS"}])");
  EXPECT_EQ(int_at(app, "memory"), 192);
  EXPECT_EQ(int_at(app, "cpu"), 256);
  EXPECT_EQ(json::serialize(*array_at(app, "portMappings")),
            R"([{"containerPort":8080,"hostPort":0,"protocol":"tcp"}])");
  EXPECT_EQ(json::serialize(*array_at(app, "secrets")),
            R"([{"name":"DATABASE_URL","valueFrom":"/slipway/shop/tenants/t_01jdd2x8k40a1b2c3d4e/env/DATABASE_URL"}])");
  EXPECT_EQ(json::serialize(*array_at(app, "environment")), R"([{"name":"EMPTY","value":""}])");
  EXPECT_THAT(json::serialize(*object_at(app, "logConfiguration")), HasSubstr("/slipway/shop"));

  const auto put = aws.asked("PutParameter");
  ASSERT_EQ(put.size(), 1u);
  EXPECT_EQ(string_at(put[0], "Type"), "SecureString");
  EXPECT_EQ(string_at(put[0], "Value"), "postgresql://u:hunter2@h/d");
}

// What is found with a definition is started: whoever was ended between the two leaves none.
TEST_F(Ecs, TheEnvironmentIsThereBeforeTheDefinition) {
  aws.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.");
  aws.refuse("PutParameter", "ParameterLimitExceeded", "too many");
  EXPECT_TRUE(error_of([&] { runtime.create(spec(), {}); }));
  EXPECT_THAT(aws.asked("RegisterTaskDefinition"), IsEmpty());
}

TEST_F(Ecs, TheSameIsRegisteredOnce) {
  defined(0, string_at(task_definition(spec(), options, here).at("tags").as_array().at(2).as_object(), "value"));
  EXPECT_EQ(runtime.create(spec(), {}).id, family + ":3");
  EXPECT_THAT(aws.asked("RegisterTaskDefinition"), IsEmpty());
}

TEST_F(Ecs, AnotherDefinitionReplaces) {
  defined(0, "another hash");
  const std::string old = "arn:aws:ecs:eu-central-1:1:task-definition/" + family + ":2";
  aws.on("ListTaskDefinitions", R"({"taskDefinitionArns":[")" + old + R"(",")" + definition_arn +
                                    R"(","arn:aws:ecs:eu-central-1:1:task-definition/)" + family + R"(_drop:1"]})");
  std::string running = task("RUNNING");
  running.replace(running.find(family + ":3"), family.size() + 2, family + ":2");
  tasks(running, "");
  EXPECT_EQ(runtime.create(spec(), {}).state, InstanceState::created);
  EXPECT_EQ(aws.asked("StopTask").size(), 1u);
  ASSERT_EQ(aws.asked("DeregisterTaskDefinition").size(), 1u) << "what drops the database is another family";
  EXPECT_EQ(string_at(aws.asked("DeregisterTaskDefinition")[0], "taskDefinition"), old);
  const auto lists = aws.asked("ListTasks").size();
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::running) << "the old one has not ended yet";
  EXPECT_EQ(aws.asked("ListTasks").size(), lists + 1);
}

TEST_F(Ecs, VariablesThatAreNoLongerConfiguredGo) {
  const std::string path = "/slipway/shop/tenants/t_01jdd2x8k40a1b2c3d4e/env/";
  aws.on("DescribeParameters", R"({"Parameters":[{"Name":")" + path + R"(OLD"},{"Name":")" + path +
                                   R"(DATABASE_URL"},{"Name":"/elsewhere/X"}]})");
  runtime.create(spec(), {});
  ASSERT_EQ(aws.asked("DeleteParameters").size(), 1u);
  EXPECT_EQ(json::serialize(aws.asked("DeleteParameters")[0].at("Names")), "[\"" + path + "OLD\"]");
}

TEST_F(Ecs, VolumesAreRefusedInWords) {
  InstanceSpec with_volume = spec();
  with_volume.volumes = {{"data", "/data"}};
  const auto error = error_of([&] { runtime.create(with_volume, {}); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::invalid);
  EXPECT_THAT(error->message(), HasSubstr("app.volumes"));
}

TEST_F(Ecs, EachBootHasATokenOfItsOwn) {
  tasks("", "");
  aws.on("RunTask", R"({"tasks":[)" + task("PENDING") + "]}");
  for (const std::uint32_t boot : {0u, 0u, 1u}) EXPECT_EQ(runtime.start(ann, boot), StartResult::started);
  const auto runs = aws.asked("RunTask");
  ASSERT_EQ(runs.size(), 3u);
  const std::string token = string_at(runs[0], "clientToken");
  EXPECT_EQ(token.size(), 64u);
  EXPECT_EQ(string_at(runs[1], "clientToken"), token) << "a repeat is the same start";
  EXPECT_NE(string_at(runs[2], "clientToken"), token);
  EXPECT_EQ(string_at(runs[0], "startedBy"), ann.value());
  EXPECT_EQ(string_at(runs[0], "launchType"), "EC2");
  EXPECT_FALSE(runs[0].contains("overrides")) << "anyone who may describe tasks can read them";
  EXPECT_THAT(json::serialize(runs[0].at("tags")), HasSubstr(R"({"key":"slipway:installation","value":"ab12cd"})"));
}

TEST_F(Ecs, WithACapacityProviderThereIsNoLaunchType) {
  options.place.capacity_provider = "grows";
  EcsRuntime grown{{aws.ecs, aws.ec2, aws.ssm, aws.logs}, options, here, aws.world.clock, Log::silent()};
  tasks("", "");
  aws.on("RunTask", R"({"tasks":[)" + task("PROVISIONING") + "]}");
  grown.start(ann, 0);
  const json::object run = aws.asked("RunTask").at(0);
  EXPECT_FALSE(run.contains("launchType"));
  EXPECT_EQ(json::serialize(run.at("capacityProviderStrategy")), R"([{"capacityProvider":"grows"}])");
}

TEST_F(Ecs, WhatRunsIsNotStartedAgain) {
  tasks(task("PENDING"), "");
  EXPECT_EQ(runtime.start(ann, 4), StartResult::started);
  EXPECT_THAT(aws.asked("RunTask"), IsEmpty());
}

TEST_F(Ecs, AFailureOfRunTaskIsNoStart) {
  tasks("", "");
  aws.on("RunTask", R"({"tasks":[],"failures":[{"arn":"ci","reason":"RESOURCE:MEMORY"}]})");
  auto error = error_of([&] { runtime.start(ann, 0); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), ErrorKind::limited);
  EXPECT_THAT(error->message(), HasSubstr("RESOURCE:MEMORY"));
  aws.on("RunTask", R"({"tasks":[],"failures":[]})");
  error = error_of([&] { runtime.start(ann, 0); });
  ASSERT_TRUE(error) << "a full cluster may say nothing at all";
  EXPECT_TRUE(error->retryable());
}

TEST_F(Ecs, ALeasedPortThatIsInUseIsTold) {
  tasks("", "");
  aws.on("RunTask", R"({"tasks":[],"failures":[{"arn":"ci","reason":"RESOURCE:PORTS"}]})");
  EXPECT_EQ(error_of([&] { runtime.start(ann, 0); })->kind(), ErrorKind::limited) << "no port of ours";
  defined(20'001);
  EXPECT_EQ(runtime.start(ann, 0), StartResult::port_taken);
}

TEST_F(Ecs, StartWithoutADefinitionIsNotFound) {
  aws.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.");
  EXPECT_EQ(error_of([&] { runtime.start(ann, 0); })->kind(), ErrorKind::not_found);
}

TEST_F(Ecs, ADefinitionThatWasTakenOutOfUseMeanwhileEndsNoProvisioning) {
  tasks("", "");
  aws.refuse("RunTask", "InvalidParameterException", "TaskDefinition is inactive");
  EXPECT_EQ(error_of([&] { runtime.start(ann, 1); })->kind(), ErrorKind::invalid) << "it is the newest one still";
  ASSERT_TRUE(runtime.inspect(ann));  // remembered
  aws.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.");
  EXPECT_EQ(error_of([&] { runtime.start(ann, 1); })->kind(), ErrorKind::unavailable)
      << "looked at anew and tried again";
  EXPECT_EQ(runtime.inspect(ann), std::nullopt);
}

TEST_F(Ecs, StatesOfATask) {
  const std::vector<std::pair<std::string, InstanceState>> states = {
      {"PROVISIONING", InstanceState::starting},   {"PENDING", InstanceState::starting},
      {"ACTIVATING", InstanceState::starting},     {"RUNNING", InstanceState::running},
      {"DEACTIVATING", InstanceState::stopping},   {"STOPPING", InstanceState::stopping},
      {"DEPROVISIONING", InstanceState::stopping}, {"STOPPED", InstanceState::exited}};
  for (const auto& [status, state] : states) {
    tasks(task(status), "");
    EXPECT_EQ(runtime.inspect(ann)->state, state) << status;
  }
  tasks("", task("RUNNING", "STOPPED"));
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::stopping) << "told to end, still there";
  tasks(task("RUNNING", "RUNNING", "", R"("networkBindings":[])"), "");
  EXPECT_EQ(runtime.inspect(ann)->state, InstanceState::starting) << "nobody knows its port yet";
}

TEST_F(Ecs, ARunningOneHasItsAddressAskedOnce) {
  tasks(task("RUNNING"), "");
  for (int i = 0; i < 3; ++i) {
    const auto seen = runtime.inspect(ann);
    EXPECT_EQ(seen->host_port, Port(32'768));
    EXPECT_EQ(seen->address, "203.0.113.9");
    EXPECT_EQ(seen->id, family + ":3");
  }
  EXPECT_EQ(aws.asked("DescribeContainerInstances").size(), 1u);
  ASSERT_EQ(aws.asked("DescribeInstances").size(), 1u);
  EXPECT_THAT(string_at(aws.asked("DescribeInstances")[0], "form"), HasSubstr("InstanceId.1=i-1"));
  aws.world.clock.advance(Millis(300'001));
  runtime.inspect(ann);
  EXPECT_EQ(aws.asked("DescribeInstances").size(), 2u) << "a machine may come back with another";
}

TEST_F(Ecs, AnEndHasItsCodeAndReason) {
  tasks("", task("STOPPED", "STOPPED", R"("stopCode":"EssentialContainerExited",)",
                 R"("exitCode":137,"reason":"OutOfMemoryError: Container killed due to memory usage")"));
  auto seen = runtime.inspect(ann);
  EXPECT_EQ(seen->exit_code, 137);
  EXPECT_TRUE(seen->out_of_memory);
  tasks("", task("STOPPED", "STOPPED",
                 R"("stopCode":"TaskFailedToStart","stoppedReason":"CannotPullContainerError: shop:1: not found",)",
                 R"("image":"shop:1")"));
  seen = runtime.inspect(ann);
  EXPECT_TRUE(seen->hopeless);
  EXPECT_THAT(seen->error, HasSubstr("shop:1: not found"));
  tasks("", task("STOPPED", "STOPPED", R"("stopCode":"TaskFailedToStart","stoppedReason":"RESOURCE:CPU",)",
                 R"("image":"shop:1")"));
  EXPECT_TRUE(runtime.inspect(ann)->no_room);
  std::string no_database = task("STOPPED", "STOPPED", "", R"("image":"shop:1")");
  no_database.replace(no_database.find("\"exitCode\":0"), 12, "\"exitCode\":1");
  tasks("", no_database);
  EXPECT_THAT(runtime.inspect(ann)->error, HasSubstr("database could not be made: slipway-init exited with code 1"));
}

TEST_F(Ecs, WhatWasRemovedIsGoneThoughItsTasksAreListed) {
  tasks("", task("STOPPED", "STOPPED"));
  aws.refuse("DescribeTaskDefinition", "ClientException", "Unable to describe task definition.");
  EXPECT_FALSE(runtime.inspect(ann));
}

TEST_F(Ecs, RemoveTakesTaskDefinitionsAndParameters) {
  tasks(task("RUNNING"), "");
  aws.on("ListTaskDefinitions", R"({"taskDefinitionArns":[")" + definition_arn + R"("]})");
  const std::string name = "/slipway/shop/tenants/t_01jdd2x8k40a1b2c3d4e/env/DATABASE_URL";
  aws.on("DescribeParameters", R"({"Parameters":[{"Name":")" + name + R"("}]})");
  runtime.remove(ann, true);
  EXPECT_EQ(aws.asked("StopTask").size(), 1u);
  EXPECT_EQ(aws.asked("DeregisterTaskDefinition").size(), 1u);
  EXPECT_EQ(aws.asked("DeleteTaskDefinitions").size(), 1u);
  EXPECT_EQ(aws.asked("DeleteParameters").size(), 1u);
}

TEST_F(Ecs, OthersThingsAreNeitherListedNorTouched) {
  std::string foreign = task("RUNNING");
  foreign.replace(foreign.find(family), family.size(), "somebody_elses");
  tasks(foreign + "," + task("RUNNING"), "");
  aws.on("ListTaskDefinitionFamilies", R"({"families":[")" + family + R"(",")" + family + R"(_drop"]})");
  const auto instances = runtime.instances();
  ASSERT_EQ(instances.size(), 1u);
  EXPECT_EQ(instances[0].tenant, ann);
  EXPECT_EQ(instances[0].state, InstanceState::running);
  std::vector<std::string> kinds;
  for (const Resource& resource : runtime.resources()) {
    kinds.push_back(resource.kind);
    EXPECT_EQ(resource.tenant, ann);
  }
  EXPECT_THAT(kinds, ElementsAre("task", "task_definition", "task_definition"));
  EXPECT_EQ(error_of([&] {
              runtime.discard({"task_definition", "somebody_elses", {}});
            })->kind(),
            ErrorKind::forbidden);
  EXPECT_EQ(error_of([&] { runtime.discard({"parameters", "/elsewhere", {}}); })->kind(), ErrorKind::forbidden);
  EXPECT_THAT(aws.asked("DeregisterTaskDefinition"), IsEmpty());
}

TEST_F(Ecs, ManyTasksAreDescribedByTheHundred) {
  aws.on("ListTasks", [](const json::object& input) {
    const int from = input.contains("nextToken") ? 100 : 0;
    json::array arns;
    for (int i = from; i < from + 100 && i < 150; ++i) arns.emplace_back("task/" + std::to_string(i));
    json::object answer{{"taskArns", arns}};
    if (from == 0) answer["nextToken"] = "more";
    return answer;
  });
  runtime.instances();
  const auto described = aws.asked("DescribeTasks");
  ASSERT_EQ(described.size(), 2u);
  EXPECT_EQ(array_at(described[0], "tasks")->size(), 100u);
  EXPECT_EQ(array_at(described[1], "tasks")->size(), 50u);
}

TEST_F(Ecs, CheckSaysWhatIsMissing) {
  aws.on("DescribeClusters", R"({"clusters":[]})");
  EXPECT_THAT(error_of([&] { runtime.check(); })->message(), HasSubstr("no active cluster shop"));
  aws.on("DescribeClusters", R"({"clusters":[{"clusterName":"shop","status":"ACTIVE"}]})");
  EXPECT_THAT(error_of([&] { runtime.check(); })->message(), HasSubstr("no machine has joined"));
  aws.on("DescribeClusters",
         R"({"clusters":[{"clusterName":"shop","status":"ACTIVE","registeredContainerInstancesCount":1}]})");
  EXPECT_EQ(runtime.check(), "ECS cluster shop with 1 machine");
}

TEST_F(Ecs, TheOutputOfTheNewestTaskIsRead) {
  tasks(task("RUNNING"), "");
  aws.on("GetLogEvents", R"({"events":[{"message":"one"},{"message":"two"}],"nextForwardToken":"f/1"})");
  std::string text;
  runtime.logs(ann, 2, false, [&](std::string_view chunk) { return text += chunk, true; }, {});
  EXPECT_EQ(text, "one\ntwo\n");
  const json::object asked = aws.asked("GetLogEvents").at(0);
  EXPECT_EQ(string_at(asked, "logStreamName"), family + "/app/abc");
  EXPECT_EQ(int_at(asked, "limit"), 2);
}

}  // namespace
}  // namespace slipway::ecs
