#include "aws/service.hpp"

namespace slipway::aws::services {

const Service cloudformation{"cloudformation", "cloudformation", "cloudformation", Protocol::query, "", "2010-05-15"};
const Service cloudwatch_logs{"cloudwatch_logs", "logs", "logs", Protocol::json_1_1, "Logs_20140328", ""};
const Service dynamodb{"dynamodb", "dynamodb", "dynamodb", Protocol::json_1_0, "DynamoDB_20120810", ""};
const Service ec2{"ec2", "ec2", "ec2", Protocol::query, "", "2016-11-15"};
const Service ecr{"ecr", "api.ecr", "ecr", Protocol::json_1_1, "AmazonEC2ContainerRegistry_V20150921", ""};
const Service ecs{"ecs", "ecs", "ecs", Protocol::json_1_1, "AmazonEC2ContainerServiceV20141113", ""};
const Service eventbridge{"eventbridge", "events", "events", Protocol::json_1_1, "AWSEvents", ""};
const Service sqs{"sqs", "sqs", "sqs", Protocol::json_1_0, "AmazonSQS", ""};
const Service ssm{"ssm", "ssm", "ssm", Protocol::json_1_1, "AmazonSSM", ""};
const Service sts{"sts", "sts", "sts", Protocol::query, "", "2011-06-15"};

}  // namespace slipway::aws::services
