#pragma once
#include "drivers/ecs_common/test_ecs.hpp"
#include "drivers/runtime/ecs/ecs_runtime.hpp"

// A runtime on an AWS that answers what a test says.
namespace slipway::ecs::test {

inline const std::string family = "sw_ab12cd_01jdd2x8k40a1b2c3d4e";
inline const std::string definition_arn = "arn:aws:ecs:eu-central-1:1:task-definition/" + family + ":3";

inline InstanceSpec spec() {
  InstanceSpec s;
  s.tenant = ann;
  s.slug = Slug("acme");
  s.image = "shop:1";
  s.env = {{"DATABASE_URL", Secret("postgresql://u:hunter2@h/d")}, {"EMPTY", Secret("")}};
  s.app_port = 8080;
  s.capabilities = {"CHOWN"};
  s.plan.memory_bytes = 192ull << 20;
  s.plan.cpus = 0.25;
  return s;
}

inline std::string task(const std::string& last, const std::string& desired = "RUNNING", const std::string& more = "",
                        const std::string& app = R"("networkBindings":[{"containerPort":8080,"hostPort":32768}])") {
  return R"({"taskArn":"arn:aws:ecs:eu-central-1:1:task/shop/abc","containerInstanceArn":"ci-1","createdAt":5,)"
         R"("taskDefinitionArn":")" +
         definition_arn + R"(","lastStatus":")" + last + R"(","desiredStatus":")" + desired + R"(",)" + more +
         R"("containers":[{"name":"app",)" + app + R"(},{"name":"init","exitCode":0}]})";
}

class Ecs : public testing::Test {
 protected:
  Ecs() {
    aws.on("DescribeContainerInstances", R"({"containerInstances":[{"ec2InstanceId":"i-1"}]})");
    aws.on("RegisterTaskDefinition", R"({"taskDefinition":{"taskDefinitionArn":")" + definition_arn + R"("}})");
    defined(0);
  }

  // The cluster has these tasks, by the status that is wanted of them.
  void tasks(const std::string& running, const std::string& stopped) {
    aws.on("ListTasks", [=](const json::object& input) {
      const bool ended = string_at(input, "desiredStatus") == "STOPPED";
      json::array arns;
      if (!(ended ? stopped : running).empty()) arns.emplace_back(ended ? "stopped" : "running");
      return json::object{{"taskArns", arns}};
    });
    aws.on("DescribeTasks", [=](const json::object& input) {
      const bool ended = array_at(input, "tasks")->at(0) == "stopped";
      return json::object{{"tasks", json::parse("[" + (ended ? stopped : running) + "]")}};
    });
  }

  void defined(int host_port, const std::string& hash = "") {
    aws.on("DescribeTaskDefinition", R"({"taskDefinition":{"status":"ACTIVE","taskDefinitionArn":")" + definition_arn +
                                         R"(","containerDefinitions":[{"name":"app","portMappings":[{"hostPort":)" +
                                         std::to_string(host_port) +
                                         R"(}]}]},"tags":[{"key":"slipway:spec","value":")" + hash + R"("}]})");
  }

  std::optional<Error> error_of(const std::function<void()>& f) {
    try {
      f();
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }

  ScriptedAws aws;
  EcsOptions options{test_place()};
  EcsRuntime runtime{{aws.ecs, aws.ec2, aws.ssm, aws.logs}, options, here, aws.world.clock, Log::silent()};
};

}  // namespace slipway::ecs::test
