#include "drivers/database/ecs_init/ecs_init_database.hpp"

#include "drivers/ecs_common/test_ecs.hpp"

namespace slipway::ecs {
namespace {

using namespace test;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string tenant_family = "sw_ab12cd_01jdd2x8k40a1b2c3d4e";

// A cluster that runs what it is told to and ends it when the test says so.
class EcsInit : public testing::Test {
 protected:
  EcsInit() {
    aws.on("RegisterTaskDefinition", [this](const json::object& input) {
      definition =
          "arn:aws:ecs:eu-central-1:1:task-definition/" + string_at(input, "family") + ":" + std::to_string(++revision);
      return json::object{{"taskDefinition", json::object{{"taskDefinitionArn", definition}}}};
    });
    aws.on("DescribeTaskDefinition", [this](const json::object& input) {
      if (family_of(definition) != string_at(input, "taskDefinition")) return json::object{};
      return json::object{{"taskDefinition", json::object{{"taskDefinitionArn", definition}, {"status", "ACTIVE"}}}};
    });
    aws.on("ListTaskDefinitions", [this](const json::object& input) {
      if (family_of(definition) != string_at(input, "familyPrefix")) return json::object{};
      return json::object{{"taskDefinitionArns", json::array{definition}}};
    });
    aws.on("DeregisterTaskDefinition", [this](const json::object&) {
      definition.clear();
      return json::object{};
    });
    aws.on("RunTask", [this](const json::object& input) {
      const std::string token = string_at(input, "clientToken");
      if (tokens.insert(token).second) {
        tasks.push_back({{"taskArn", "task/" + std::to_string(tasks.size())},
                         {"taskDefinitionArn", string_at(input, "taskDefinition")},
                         {"createdAt", tasks.size()},
                         {"lastStatus", "PENDING"},
                         {"desiredStatus", "RUNNING"}});
      }
      return json::object{{"tasks", json::array{tasks.back()}}};
    });
    aws.on("ListTasks", [this](const json::object& input) {
      json::array arns;
      for (const json::object& task : tasks) {
        if (visible && task.at("desiredStatus") == input.at("desiredStatus")) arns.push_back(task.at("taskArn"));
      }
      return json::object{{"taskArns", arns}};
    });
    aws.on("DescribeTasks", [this](const json::object& input) {
      json::array found;
      for (const json::object& task : tasks) {
        const auto& wanted = input.at("tasks").as_array();
        if (std::find(wanted.begin(), wanted.end(), task.at("taskArn")) != wanted.end()) found.push_back(task);
      }
      return json::object{{"tasks", found}};
    });
  }

  void end(int code) {
    tasks.back()["lastStatus"] = tasks.back()["desiredStatus"] = "STOPPED";
    tasks.back()["containers"] = json::array{json::object{{"name", "init"}, {"exitCode", code}}};
  }

  ScriptedAws aws;
  EcsInitDatabase database{aws.ecs, aws.ssm, test_place(), here, Secret("master"), 1};
  int revision = 0;
  bool visible = true;
  std::string definition;
  std::set<std::string> tokens;
  std::vector<json::object> tasks;
};

TEST_F(EcsInit, TheAccessIsThatOfTheOtherDriver) {
  const DatabaseAccess access = database.access(ann);
  EXPECT_EQ(access.name, "sw_ab12cd_01jdd2x8k40a1b2c3d4e");
  EXPECT_EQ(access.host, "172.17.0.1");
  EXPECT_EQ(access.password.reveal(), tenant_password(Secret("master"), ann, 1).reveal());
}

TEST_F(EcsInit, EnsureLeavesThePasswordForTheInitContainer) {
  database.ensure(ann, Plan{});
  database.ensure(ann, Plan{});
  const auto put = aws.asked("PutParameter");
  ASSERT_EQ(put.size(), 2u);
  EXPECT_EQ(string_at(put[0], "Name"), "/slipway/shop/tenants/t_01jdd2x8k40a1b2c3d4e/database/password");
  EXPECT_EQ(string_at(put[0], "Value"), database.access(ann).password.reveal());
  EXPECT_EQ(string_at(put[0], "Type"), "SecureString");
}

TEST_F(EcsInit, ADropIsUnderWayUntilItsTaskHasEndedWell) {
  EXPECT_EQ(database.drop(ann), CallResult::under_way);
  EXPECT_EQ(database.drop(ann), CallResult::under_way);
  EXPECT_EQ(tasks.size(), 1u);
  const json::object made = aws.asked("RegisterTaskDefinition").at(0);
  EXPECT_THAT(json::serialize(made), HasSubstr(R"("command":["drop"])"));
  EXPECT_THAT(json::serialize(made), Not(HasSubstr(database.access(ann).password.reveal())));
  EXPECT_FALSE(aws.asked("RunTask").at(0).contains("overrides"));
  end(0);
  EXPECT_EQ(database.drop(ann), CallResult::done);
  EXPECT_TRUE(definition.empty()) << "nothing is left";
  EXPECT_EQ(aws.asked("DeleteParameters").size(), 1u);
}

TEST_F(EcsInit, ATaskThatIsNotShownYetIsNotRunTwice) {
  visible = false;
  EXPECT_EQ(database.drop(ann), CallResult::under_way);
  EXPECT_EQ(database.drop(ann), CallResult::under_way);
  EXPECT_EQ(tasks.size(), 1u) << "the token is the same";
}

TEST_F(EcsInit, AFailedDropIsSaidAndTriedAgain) {
  database.drop(ann);
  end(1);
  try {
    database.drop(ann);
    FAIL() << "it said nothing";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::unavailable);
    EXPECT_THAT(error.message(), HasSubstr("slipway-init exited with code 1"));
    EXPECT_THAT(error.message(), HasSubstr("/slipway/shop"));
  }
  EXPECT_EQ(tasks.size(), 2u);
  EXPECT_EQ(database.drop(ann), CallResult::under_way);
  end(0);
  EXPECT_EQ(database.drop(ann), CallResult::done);
}

TEST_F(EcsInit, ACloseIsUnderWayUntilItsTaskHasEndedWell) {
  EXPECT_EQ(database.close(ann), CallResult::under_way);
  EXPECT_EQ(database.close(ann), CallResult::under_way);
  EXPECT_EQ(tasks.size(), 1u);
  EXPECT_EQ(family_of(definition), tenant_family + "_close");
  EXPECT_EQ(tenant_of_family(here, family_of(definition)), ann);
  EXPECT_THAT(json::serialize(aws.asked("RegisterTaskDefinition").at(0)), HasSubstr(R"("command":["close"])"));
  end(0);
  EXPECT_EQ(database.close(ann), CallResult::done);
  EXPECT_TRUE(definition.empty()) << "nothing is left";
  EXPECT_EQ(aws.asked("DeleteParameters").size(), 0u) << "the password stays";
}

TEST_F(EcsInit, EnsureWaitsForACloseThatIsUnderWay) {
  for (const bool shown : {true, false}) {
    visible = shown;
    EXPECT_EQ(database.close(ann), CallResult::under_way);
    try {
      database.ensure(ann, Plan{}, IfMissing::refuse);
      FAIL() << "the task would bar the role afterwards";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::unavailable);
      EXPECT_TRUE(error.retry_after());
    }
    visible = true;
    end(0);
    EXPECT_NO_THROW(database.ensure(ann, Plan{}, IfMissing::refuse));
    EXPECT_TRUE(definition.empty()) << "nothing is left";
  }
  EXPECT_EQ(tasks.size(), 2u);
}

TEST_F(EcsInit, AnEarlierDropIsNotThisOne) {
  database.drop(ann);
  end(0);
  EXPECT_EQ(database.drop(ann), CallResult::done);
  EXPECT_EQ(database.drop(ann), CallResult::under_way) << "its task is still listed for an hour";
  EXPECT_EQ(tasks.size(), 2u);
}

TEST_F(EcsInit, CheckLooksForTheAdministratorsPassword) {
  aws.on("GetParameters", R"({"Parameters":[]})");
  EXPECT_THROW(database.check(), Error);
  aws.on("GetParameters", R"({"Parameters":[{"Name":"/slipway/shop/database/admin_password"}]})");
  EXPECT_THAT(database.check(), HasSubstr("172.17.0.1:5432"));
  EXPECT_FALSE(bool_at(aws.asked("GetParameters").at(0), "WithDecryption", true));
}

}  // namespace
}  // namespace slipway::ecs
