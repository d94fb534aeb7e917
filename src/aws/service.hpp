#pragma once
#include <string>

namespace slipway::aws {

// How a service speaks: JSON under X-Amz-Target, or forms answered in XML.
enum class Protocol { json_1_0, json_1_1, query };

// What tells one service from another on the wire. Source: the service models that botocore ships.
struct Service {
  std::string id;               // as in AWS_ENDPOINT_URL_<ID>, lower case with underscores: "dynamodb", "ecs"
  std::string endpoint_prefix;  // of the host name: "ecs", "api.ecr"
  std::string signing_name;     // "ecs", "ecr"
  Protocol protocol = Protocol::json_1_1;
  std::string target_prefix;  // JSON: what stands before the dot in X-Amz-Target; query: empty
  std::string api_version;    // query: "2016-11-15"; JSON: empty
};

namespace services {
extern const Service cloudformation, cloudwatch_logs, dynamodb, ec2, ecr, ecs, eventbridge, sqs, ssm, sts;
}  // namespace services

}  // namespace slipway::aws
