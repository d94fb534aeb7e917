#pragma once
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "aws/test_aws.hpp"
#include "base/json.hpp"
#include "drivers/ecs_common/place.hpp"

namespace slipway::ecs::test {

namespace json = boost::json;

// An AWS that answers what a test says, operation by operation, and remembers what it was asked. What it was not told
// to answer it answers with {}.
class ScriptedAws {
 public:
  using Answer = std::function<json::object(const json::object& input)>;

  ScriptedAws() {
    world.imposter.on("*", [this](const slipway::test::ImposterRequest& request) { return answer(request); });
  }

  void on(const std::string& operation, Answer answer) {
    std::lock_guard lock(mutex_);
    answers_[operation] = std::move(answer);
  }
  void on(const std::string& operation, const std::string& text) {
    on(operation, [text](const json::object&) { return json::parse(text).as_object(); });
  }
  // A refusal: HTTP 400 with this code.
  void refuse(const std::string& operation, const std::string& code, const std::string& message) {
    std::lock_guard lock(mutex_);
    refusals_[operation] = json::serialize(json::object{{"__type", code}, {"message", message}});
  }

  std::vector<json::object> asked(const std::string& operation) const {
    std::lock_guard lock(mutex_);
    std::vector<json::object> inputs;
    for (const auto& [name, input] : asked_) {
      if (name == operation) inputs.push_back(input);
    }
    return inputs;
  }

  aws::test::World world;
  aws::Client ecs{world.session(), aws::services::ecs};
  aws::Client ec2{world.session(), aws::services::ec2};
  aws::Client ssm{world.session(), aws::services::ssm};
  aws::Client logs{world.session(), aws::services::cloudwatch_logs};

 private:
  slipway::test::ImposterResponse answer(const slipway::test::ImposterRequest& request) {
    slipway::test::ImposterResponse response;
    const std::string target = net::header(request.headers, "X-Amz-Target");
    std::lock_guard lock(mutex_);
    if (target.empty()) {  // EC2
      asked_.emplace_back("DescribeInstances", json::object{{"form", request.body}});
      response.body =
          "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>"
          "<ipAddress>203.0.113.9</ipAddress></item></instancesSet></item></reservationSet>"
          "</DescribeInstancesResponse>";
      return response;
    }
    const std::string operation = target.substr(target.rfind('.') + 1);
    const json::object input = json::parse(request.body).as_object();
    asked_.emplace_back(operation, input);
    response.headers = {{"Content-Type", "application/x-amz-json-1.1"}};
    if (const auto refusal = refusals_.find(operation); refusal != refusals_.end()) {
      response.status = 400;
      response.body = refusal->second;
      return response;
    }
    const auto found = answers_.find(operation);
    response.body = found == answers_.end() ? "{}" : json::serialize(found->second(input));
    return response;
  }

  mutable std::mutex mutex_;
  std::map<std::string, Answer> answers_;
  std::map<std::string, std::string> refusals_;
  std::vector<std::pair<std::string, json::object>> asked_;
};

inline Place test_place() {
  Place place;
  place.region = "eu-central-1";
  place.cluster = "shop";
  place.parameters = "/slipway/shop";
  place.execution_role = "arn:aws:iam::123456789012:role/exec";
  place.log_group = "/slipway/shop";
  place.init_image = "slipway-init:1";
  place.database_host = "172.17.0.1";
  return place;
}

const TenantId ann("t_01jdd2x8k40a1b2c3d4e");
const InstallationId here("ab12cd");

}  // namespace slipway::ecs::test
