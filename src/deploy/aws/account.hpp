#pragma once
#include <string>

#include "aws/client.hpp"

namespace slipway::deploy {

// One account and region, with a client for each service that a deployment needs.
struct Account {
  explicit Account(const aws::Session& s)
      : session(s),
        cloudformation(s, aws::services::cloudformation),
        dynamodb(s, aws::services::dynamodb),
        ecr(s, aws::services::ecr),
        ecs(s, aws::services::ecs),
        logs(s, aws::services::cloudwatch_logs),
        sqs(s, aws::services::sqs),
        ssm(s, aws::services::ssm),
        sts(s, aws::services::sts) {}

  // "123456789012"
  std::string id() {
    return sts.call("GetCallerIdentity", aws::Parameters{}).text_at("GetCallerIdentityResult/Account");
  }

  const aws::Session session;
  aws::Client cloudformation, dynamodb, ecr, ecs, logs, sqs, ssm, sts;
};

// The stacks and names of one Slipway in an account.
struct Names {
  std::string stack;  // "slipway"

  std::string data_stack() const { return stack + "-data"; }
  std::string secrets() const { return "/slipway/" + stack; }
};

}  // namespace slipway::deploy
