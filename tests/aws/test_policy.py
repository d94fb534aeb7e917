"""The Lambda's role as the template writes it: enough for what the code calls, and nothing more.

What the code calls is read from the drivers' sources. That IAM grants it, and no longer grants it when a statement is
taken away, is asked of moto with authentication on. moto knows actions but no resources or conditions, so both are left
out for it; that they name what they should is for test_template.py and for a reader.
"""

import json
import re

import boto3
import botocore.config
import botocore.exceptions
import pytest

import moto_server as moto
from test_template import MAIN, ROOT, listed

ROLE = MAIN["Resources"]["LambdaRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]

# Which IAM actions a call of the API asks for, where it is not the one of its own name.
ASKS = {
    "TransactWriteItems": ["PutItem", "UpdateItem", "DeleteItem", "ConditionCheckItem"],
    "TransactGetItems": ["GetItem"],
    "SendMessageBatch": ["SendMessage"],
    "RunTask": ["RunTask", "TagResource"],
    "RegisterTaskDefinition": ["RegisterTaskDefinition", "TagResource"],
}
# What Lambda itself, not our code, does with the role: it polls the queue, writes the log and the dead letters.
OF_LAMBDA = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:SendMessage", "logs:CreateLogStream",
             "logs:PutLogEvents"}
PASSED = {"iam:PassRole"}  # asked for by RunTask and RegisterTaskDefinition, beside their own
FOLDERS = {
    "src/drivers/store/dynamodb": "dynamodb", "src/drivers/runtime/ecs": "ecs", "src/drivers/ecs_common": "ecs",
    "src/drivers/database/ecs_init": "ecs", "src/lambda": "sqs", "src/app/lambda": "ssm",
}
MADE_BY_OTHERS = {"CreateTable"}  # by tests; the template makes the table


def called():
    """{"ecs:RunTask", …}: every operation of AWS that is named in the drivers' code."""
    from botocore.loaders import Loader

    operations = {}
    loader = Loader()
    for service in ("dynamodb", "ecs", "ssm", "sqs", "logs", "ec2"):
        for name in loader.load_service_model(service, "service-2")["operations"]:
            operations.setdefault(name, []).append(service)
    found = set()
    for folder, usual in FOLDERS.items():
        for file in (ROOT / folder).glob("*.cpp"):
            if file.name.endswith("_test.cpp"):
                continue
            for name in re.findall(r'(?:call_?|pages|ask)\(\s*"([A-Z][A-Za-z]+)"', file.read_text()):
                services = operations.get(name, [])
                if name in MADE_BY_OTHERS or not services:
                    continue
                service = usual if usual in services else services[0]
                found |= {f"{service}:{action}" for action in ASKS.get(name, [name])}
    return found


def granted(statements):
    return {action for s in statements for action in listed(s["Action"])}


def test_the_role_grants_what_is_called_and_nothing_else():
    needed = called() | OF_LAMBDA | PASSED
    assert len(needed) > 25
    assert needed - granted(ROLE) == set(), "called, but not granted"
    assert granted(ROLE) - needed == set(), "granted, but not called"


KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}
CALLS = {
    "dynamodb:GetItem": ("get_item", {"TableName": "t", "Key": KEY}),
    "dynamodb:BatchGetItem": ("batch_get_item", {"RequestItems": {"t": {"Keys": [KEY]}}}),
    "dynamodb:Query": ("query", {"TableName": "t", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}),
    "dynamodb:PutItem": ("put_item", {"TableName": "t", "Item": KEY}),
    "dynamodb:UpdateItem": ("update_item", {"TableName": "t", "Key": KEY}),
    "dynamodb:DeleteItem": ("delete_item", {"TableName": "t", "Key": KEY}),
    "dynamodb:BatchWriteItem": ("batch_write_item", {"RequestItems": {"t": [{"PutRequest": {"Item": KEY}}]}}),
    "sqs:SendMessage": ("send_message", {"QueueUrl": "http://q/1/q", "MessageBody": "b"}),
    "sqs:ReceiveMessage": ("receive_message", {"QueueUrl": "http://q/1/q"}),
    "sqs:DeleteMessage": ("delete_message", {"QueueUrl": "http://q/1/q", "ReceiptHandle": "r"}),
    "sqs:GetQueueAttributes": ("get_queue_attributes", {"QueueUrl": "http://q/1/q"}),
    "ecs:RunTask": ("run_task", {"taskDefinition": "d"}),
    "ecs:DescribeTasks": ("describe_tasks", {"tasks": ["t"]}),
    "ecs:StopTask": ("stop_task", {"task": "t"}),
    "ecs:ListTasks": ("list_tasks", {}),
    "ecs:DescribeClusters": ("describe_clusters", {}),
    "ecs:DescribeContainerInstances": ("describe_container_instances", {"containerInstances": ["c"]}),
    "ec2:DescribeInstances": ("describe_instances", {}),
    "ecs:RegisterTaskDefinition": ("register_task_definition", {"family": "f", "containerDefinitions": []}),
    "ecs:DeregisterTaskDefinition": ("deregister_task_definition", {"taskDefinition": "d:1"}),
    "ecs:DescribeTaskDefinition": ("describe_task_definition", {"taskDefinition": "d"}),
    "ecs:ListTaskDefinitions": ("list_task_definitions", {}),
    "ecs:ListTaskDefinitionFamilies": ("list_task_definition_families", {}),
    "ecs:DeleteTaskDefinitions": ("delete_task_definitions", {"taskDefinitions": ["d:1"]}),
    "ecs:TagResource": ("tag_resource", {"resourceArn": "arn:aws:ecs:eu-central-1:1:cluster/c", "tags": []}),
    "ssm:GetParameters": ("get_parameters", {"Names": ["/a"]}),
    "ssm:PutParameter": ("put_parameter", {"Name": "/a", "Value": "v", "Type": "String"}),
    "ssm:DeleteParameters": ("delete_parameters", {"Names": ["/a"]}),
    "ssm:DescribeParameters": ("describe_parameters", {}),
    "logs:GetLogEvents": ("get_log_events", {"logGroupName": "g", "logStreamName": "s"}),
    "logs:CreateLogStream": ("create_log_stream", {"logGroupName": "g", "logStreamName": "s"}),
    "logs:PutLogEvents": ("put_log_events", {"logGroupName": "g", "logStreamName": "s", "logEvents": []}),
}
# No call of their own: IAM asks for them beside another action, which moto does not.
NO_CALL = {"iam:PassRole", "dynamodb:ConditionCheckItem"}


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A moto that asks IAM, and a user whose policy can be changed by `allow(statements)`."""
    with moto.running(tmp_path_factory.mktemp("moto") / "log") as url:
        admin = {"endpoint_url": url, "region_name": moto.REGION, "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        iam = boto3.client("iam", **admin)
        iam.create_user(UserName="function")
        key = iam.create_access_key(UserName="function")["AccessKey"]
        iam.put_user_policy(UserName="function", PolicyName="change", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:*", "Resource": "*"}]}))
        moto.post(url + "/moto-api/reset-auth", b"0")
        own = {**admin, "aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        yield own


def allow(own, statements):
    plain = [{"Effect": "Allow", "Action": s["Action"], "Resource": "*"} for s in statements]
    boto3.client("iam", **own).put_user_policy(UserName="function", PolicyName="role", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": plain}))


def refused(own, action):
    method, arguments = CALLS[action]
    client = boto3.client(action.split(":")[0], **own, config=botocore.config.Config(retries={"max_attempts": 1}, parameter_validation=False))
    try:
        getattr(client, method)(**arguments)
    except botocore.exceptions.ClientError as error:  # any other refusal came after IAM's yes
        # moto answers JSON protocols in XML too, so that the code stands in what boto3 takes for the message.
        return "AccessDenied" in str(error) or "UnauthorizedOperation" in str(error)
    return False


def test_with_the_whole_role_nothing_is_refused(guarded):
    assert set(CALLS) | NO_CALL == granted(ROLE)
    allow(guarded, ROLE)
    assert [a for a in CALLS if refused(guarded, a)] == []


@pytest.mark.parametrize("name", [s["Sid"] for s in ROLE])
def test_without_a_statement_something_is_refused(guarded, name):
    rest = [s for s in ROLE if s["Sid"] != name]
    lost = {a for s in ROLE if s["Sid"] == name for a in listed(s["Action"])}
    only_here = lost - granted(rest) - NO_CALL
    if not only_here:
        # Another statement has the same action for another resource, or IAM asks for it beside a call: see above.
        assert lost <= NO_CALL or name in ("DeadLetters",)
        return
    allow(guarded, rest)
    assert [a for a in sorted(only_here) if not refused(guarded, a)] == []
