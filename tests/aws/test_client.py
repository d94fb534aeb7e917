"""The AWS client against moto, which checks signatures and IAM's actions, and against botocore's own rules."""

import json
import os
import subprocess
import sys

import boto3
import botocore.loaders
import pytest
from botocore.endpoint_provider import EndpointProvider

import moto_server as moto

AWS_CALL = os.environ["SLIPWAY_AWS_CALL"]


def call(environment, *words):
    done = subprocess.run([AWS_CALL, *words], env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout.strip()


# --- endpoints ----------------------------------------------------------------------------------------------------

SERVICES = {"cloudformation": "cloudformation", "cloudwatch_logs": "logs", "dynamodb": "dynamodb", "ec2": "ec2", "ecr": "ecr",
            "ecs": "ecs", "eventbridge": "events", "sqs": "sqs", "ssm": "ssm", "sts": "sts"}


def test_endpoints_are_botocores():
    loader = botocore.loaders.create_loader()
    partitions = loader.load_data("partitions")
    regions = [r for p in partitions["partitions"] for r in p["regions"] if not r.endswith("-global")]
    asked, expected = [], []
    for ours, theirs in SERVICES.items():
        rules = EndpointProvider(loader.load_service_model(theirs, "endpoint-rule-set-1"), partitions)
        for region in regions:
            for fips in (False, True):
                for dual in (False, True):
                    asked.append(f"{ours} {region} {int(fips)} {int(dual)}")
                    expected.append(rules.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual).url)
    assert len(asked) > 1000
    done = subprocess.run([AWS_CALL, "endpoints"], input="\n".join(asked), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
    wrong = [(a, got, want) for a, got, want in zip(asked, done.stdout.split(), expected, strict=True) if got != want]
    assert not wrong, wrong[:20]


def test_services_are_botocores():
    """What stands in src/aws/service.cpp is what each service's model says."""
    source = open("src/aws/service.cpp", encoding="utf-8").read()
    loader = botocore.loaders.create_loader()
    for ours, theirs in SERVICES.items():
        meta = loader.load_service_model(theirs, "service-2")["metadata"]
        prefix, protocol = meta["endpointPrefix"], meta["protocol"]
        words = [f'"{ours}"', f'"{prefix}"', f'"{meta.get("signingName", prefix)}"']
        if protocol == "json":
            words += ["json_" + meta["jsonVersion"].replace(".", "_"), f'"{meta["targetPrefix"]}"']
        else:
            words += ["Protocol::query", f'"{meta["apiVersion"]}"']
        entry = next(e for e in source.split(";") if f'{{"{ours}"' in e)
        for word in words:
            assert word in entry, f"{ours}: {word}"


# --- signatures ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A moto that checks who asks, and a user of it: (url, key id, secret). The user may do what `allow` says."""
    with moto.running(tmp_path_factory.mktemp("moto") / "log") as url:
        iam = boto3.client("iam", endpoint_url=url, region_name=moto.REGION, aws_access_key_id="a",
                           aws_secret_access_key="b")
        iam.create_user(UserName="slipway")
        key = iam.create_access_key(UserName="slipway")["AccessKey"]
        trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
        iam.create_role(RoleName="deploy", AssumeRolePolicyDocument=json.dumps(trust))
        allow = [{"Effect": "Allow", "Action": ["dynamodb:*", "sqs:*", "ec2:Describe*", "sts:*", "ssm:*"], "Resource": "*"}]
        policy = json.dumps({"Version": "2012-10-17", "Statement": allow})
        iam.put_user_policy(UserName="slipway", PolicyName="p", PolicyDocument=policy)
        iam.put_role_policy(RoleName="deploy", PolicyName="p", PolicyDocument=policy)
        moto.post(url + "/moto-api/reset-auth", b"0")
        yield url, key["AccessKeyId"], key["SecretAccessKey"]


def keys(guarded, **more):
    url, key, secret = guarded
    return moto.environment(url, **{"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, **more})


def test_every_protocol_is_signed_rightly(guarded):
    status, out = call(keys(guarded), "call", "dynamodb", "ListTables", "{}")
    assert (status, json.loads(out)) == (0, {"TableNames": []})
    status, out = call(keys(guarded), "call", "ssm", "PutParameter",
                       json.dumps({"Name": "/slipway/ä", "Value": "a b+c%20", "Type": "String"}))
    assert status == 0, out
    # moto checks the signature of a form that it has written anew, so that this one has no character that can be
    # encoded in two ways.
    status, out = call(keys(guarded), "query", "ec2", "DescribeInstances", "Filter.1.Name=tag:a", "Filter.1.Value.1=+&=")
    assert (status, out) == (0, "DescribeInstancesResponse")


def test_a_wrong_signature_is_refused(guarded):
    status, out = call(keys(guarded, AWS_SECRET_ACCESS_KEY="not-the-secret"), "call", "dynamodb", "ListTables", "{}")
    assert status == 1 and out.startswith("unauthorized "), out
    assert "not-the-secret" not in out
    status, out = call(keys(guarded, AWS_ACCESS_KEY_ID="AKIAUNKNOWN"), "call", "dynamodb", "ListTables", "{}")
    assert status == 1 and out.startswith("unauthorized "), out


def test_what_the_policy_does_not_allow_is_forbidden(guarded):
    status, out = call(keys(guarded), "call", "ecs", "ListClusters", "{}")
    assert status == 1 and out.startswith("forbidden AccessDenied"), out


def test_a_profile_assumes_a_role(guarded, tmp_path):
    url, key, secret = guarded
    (tmp_path / "config").write_text(
        "[profile deploy]\nrole_arn = arn:aws:iam::123456789012:role/deploy\nsource_profile = me\n"
        f"[profile me]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
    # In place of the AWS CLI, which need not be installed here: botocore, on which it stands, resolves the profile.
    aws = tmp_path / "aws"
    aws.write_text(
        f"#!{sys.executable}\n"
        "import json, os, sys, boto3\n"
        "assert sys.argv[1:] == 'configure export-credentials --format process --profile deploy'.split(), sys.argv\n"
        "session = boto3.Session(profile_name=sys.argv[-1], region_name=os.environ['AWS_REGION'])\n"
        "made = session.get_credentials().get_frozen_credentials()\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': made.access_key, 'SecretAccessKey': made.secret_key,\n"
        "                  'SessionToken': made.token}))\n")
    aws.chmod(0o755)
    environment = moto.environment(url, AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_PROFILE="deploy",
                                   PATH=f"{tmp_path}:{os.environ['PATH']}")
    # The session token that STS gave is checked by moto as well.
    status, out = call(environment, "query", "sts", "GetCallerIdentity")
    assert (status, out) == (0, "GetCallerIdentityResponse")
    status, out = call(environment, "call", "sqs", "ListQueues", "{}")
    assert status == 0, out
    status, out = call(environment, "call", "ecs", "ListClusters", "{}")
    assert status == 1 and "role/deploy" in out, out


def test_errors_are_named_as_aws_names_them(guarded):
    status, out = call(keys(guarded), "call", "dynamodb", "DescribeTable", '{"TableName":"none"}')
    assert status == 1 and out.startswith("not_found ResourceNotFoundException: dynamodb: DescribeTable: "), out
    status, out = call(keys(guarded), "call", "sqs", "GetQueueUrl", '{"QueueName":"none"}')
    assert status == 1 and out.startswith("not_found "), out
    status, out = call(keys(guarded), "query", "ec2", "DescribeInstances", "InstanceId.1=i-0123456789abcdef0")
    assert status == 1 and out.startswith("not_found InvalidInstanceID.NotFound"), out


def test_no_credentials_says_where_they_were_sought(guarded):
    status, out = call(moto.environment(guarded[0]), "call", "dynamodb", "ListTables", "{}")
    assert status == 1 and "AWS_ACCESS_KEY_ID is not set" in out and "/nonexistent/.aws/config" in out, out
