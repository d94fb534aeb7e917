"""The function's own program, started as Lambda starts it, with moto for AWS."""

import base64
import hashlib
import json
import os
import subprocess
import zipfile
from pathlib import Path

import boto3
import pytest

import moto_server as moto
from runtime_api import Sandbox
from stuck import Stuck

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = os.environ.get("SLIPWAY_BOOTSTRAP", str(ROOT / "build/dev/src/app/lambda/bootstrap"))
# What is deployed is the release build, with 3 MiB; the one of the tests is compiled for debugging.
SIZE_LIMIT = (3 if "/release/" in BOOTSTRAP else 4) * 1024 * 1024
EVENTS = Path(__file__).parent / "events"
CONFIG = """
app: { image: shop:1, port: 8000 }
mail: { driver: resend, from: "Shop <shop@example.com>", resend: { api_key: "file:/on/the/founders/machine" } }
"""


def event(name, **changes):
    return {**json.loads((EVENTS / f"{name}.json").read_text()), **changes}


class Account:
    """What `slipway aws deploy` makes, in moto: the table, the queue, the secrets, a cluster."""

    def __init__(self, url):
        self.url = url
        client = lambda service: boto3.client(service, endpoint_url=url, region_name=moto.REGION,
                                              aws_access_key_id="a", aws_secret_access_key="b")
        self.dynamodb, self.sqs, self.ssm, self.ecs = map(client, ("dynamodb", "sqs", "ssm", "ecs"))
        table = json.loads((ROOT / "src/drivers/store/dynamodb/table.json").read_text())
        self.dynamodb.create_table(TableName="slipway", **table["CreateTable"])
        self.queue = self.sqs.create_queue(QueueName="slipway")["QueueUrl"]
        for name in ("master-key", "resend-key"):
            self.ssm.put_parameter(Name=f"/slipway/test/{name}", Value="secret-" + name, Type="SecureString")
        self.ecs.create_cluster(clusterName="slipway")

    def messages(self):
        found = []
        while batch := self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            found += batch
        return [json.loads(m["Body"]) for m in found]

    def rows(self):
        items = self.dynamodb.scan(TableName="slipway", ConsistentRead=True)["Items"]
        return [i for i in items if i["pk"]["S"].startswith("TENANT#") and i["sk"]["S"] == "ROW"]


@pytest.fixture(scope="module")
def account(tmp_path_factory):
    with moto.running(tmp_path_factory.mktemp("moto") / "log") as url:
        yield Account(url)


def function_environment(url, queue, root):
    return moto.environment(
        url, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="the-secret-access-key", AWS_SESSION_TOKEN="the-session-token", LAMBDA_TASK_ROOT=str(root),
        SLIPWAY_TABLE="slipway", SLIPWAY_QUEUE_URL=queue, SLIPWAY_CLUSTER="slipway", SLIPWAY_PARAMETERS="/slipway/test",
        SLIPWAY_INIT_IMAGE="slipway-init:1", SLIPWAY_EXECUTION_ROLE="arn:aws:iam::123456789012:role/x",
        SLIPWAY_DB_HOST="172.17.0.1", SLIPWAY_DB_PORT="5432")


@pytest.fixture
def environment(account, tmp_path):
    (tmp_path / "slipway.yaml").write_text(CONFIG)
    return function_environment(account.url, account.queue, tmp_path)


@pytest.fixture
def sandbox(environment, tmp_path):
    with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as running:
        running.log = tmp_path / "log"
        yield running


def http(method, path, body=None, **headers):
    made = event("http_provision", rawPath=path, rawQueryString="",
                 headers={"host": "api.example", "x-forwarded-proto": "https", "content-type": "application/json", **headers})
    made["requestContext"]["http"].update(method=method, path=path)
    made["body"] = base64.b64encode(json.dumps(body).encode()).decode() if body is not None else ""
    return made


def signup_key(account):
    """A key that may sign up, written down as `slipway keys create` does it: by its hash."""
    secret = "sk_" + base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    account.dynamodb.put_item(TableName="slipway", Item={
        "pk": {"S": "APIKEYS"}, "sk": {"S": hashlib.sha256(secret.encode()).hexdigest()}, "id": {"S": "k_test"},
        "name": {"S": "shop"}, "scope": {"S": "signup"}, "created_at": {"N": "1764000000000"}, "writer": {"S": "w"}})
    return {"authorization": "Bearer " + secret}


@pytest.fixture(scope="module")
def signup(account):
    return signup_key(account)


def order(name):
    return {"userId": "user-" + name, "subdomain": name, "admin_email": f"{name}@example.com", "company_name": name}


def test_it_is_one_static_binary_small_enough(tmp_path):
    kind = subprocess.run(["file", "-b", BOOTSTRAP], capture_output=True, text=True)
    if kind.returncode == 0:
        assert "statically linked" in kind.stdout, kind.stdout
    assert subprocess.run(["ldd", BOOTSTRAP], capture_output=True, text=True).returncode != 0
    with zipfile.ZipFile(tmp_path / "function.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(BOOTSTRAP, "bootstrap")
        archive.writestr("slipway.yaml", CONFIG)
    size = (tmp_path / "function.zip").stat().st_size
    assert size <= SIZE_LIMIT, f"the function's zip has {size / 2**20:.2f} MiB"


def test_what_is_missing_is_told_as_an_init_error(environment, tmp_path):
    del environment["SLIPWAY_TABLE"]
    with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as sandbox:
        kind, error = sandbox.first_answer()
        assert kind == "init_error" and error["errorType"] == "Slipway.Invalid"
        assert "SLIPWAY_TABLE" in error["errorMessage"]
        assert sandbox.process.wait(timeout=20) == 1


def test_a_configuration_with_a_mistake_is_told_as_an_init_error(environment, tmp_path):
    (tmp_path / "slipway.yaml").write_text("app: { imagine: shop:1 }\n")
    with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as sandbox:
        kind, error = sandbox.first_answer()
        assert kind == "init_error" and "imagine" in error["errorMessage"]


def test_it_answers_the_api_from_one_process(sandbox):
    for _ in range(3):
        kind, answer = sandbox.invoke(http("GET", "/v1/version"))
        assert kind == "response", answer
        assert answer["statusCode"] in (200, 401), answer
    pid = sandbox.process.pid
    kind, answer = sandbox.invoke(http("POST", "/provision", {"subdomain": "alice"}))
    assert (kind, answer["statusCode"]) == ("response", 401), answer
    kind, answer = sandbox.invoke(http("GET", "/nowhere"))
    assert (kind, answer["statusCode"]) == ("response", 404), answer
    assert sandbox.process.pid == pid and sandbox.process.poll() is None


def test_a_sign_up_is_durable_and_answered_before_anything_is_made(sandbox, account, signup):
    account.messages()
    kind, answer = sandbox.invoke(http("POST", "/provision", order("alice"), **signup))
    assert (kind, answer["statusCode"]) == ("response", 202), answer
    tenant = json.loads(answer["body"])["tenantId"]
    assert json.loads(answer["body"])["statusUrl"].startswith("https://api.example/")
    assert [row["pk"]["S"] for row in account.rows()] == ["TENANT#" + tenant]
    assert account.messages() == [{"tenant": tenant}]
    assert account.ecs.list_task_definitions()["taskDefinitionArns"] == []
    # Sent again, it is the same tenant and nothing more is written.
    again = sandbox.invoke(http("POST", "/provision", order("alice"), **signup))[1]
    assert again["statusCode"] == 202 and json.loads(again["body"])["tenantId"] == tenant
    assert len(account.rows()) == 1


def test_the_message_is_where_the_work_begins(sandbox, account, signup):
    answer = sandbox.invoke(http("POST", "/provision", order("bob"), **signup))[1]
    tenant = json.loads(answer["body"])["tenantId"]
    account.messages()
    batch = event("sqs")
    batch["Records"] = batch["Records"][:1]
    batch["Records"][0]["body"] = json.dumps({"tenant": tenant})
    assert sandbox.invoke(batch) == ("response", {"batchItemFailures": []})
    # There is a definition for its task and a password for its database; moto's cluster has no machine to run it.
    row = next(r for r in account.rows() if r["pk"]["S"] == "TENANT#" + tenant)
    made = account.ecs.list_task_definitions()["taskDefinitionArns"]
    assert any(tenant[2:] in arn for arn in made), sandbox.log.read_text()
    assert "due_at" in row  # it is looked at again


def test_an_unknown_event_is_an_error_and_the_next_one_is_served(sandbox):
    kind, error = sandbox.invoke({"hello": "world"})
    assert kind == "error" and error["errorType"] == "Slipway.Invalid", error
    assert sandbox.invoke(event("schedule"))[0] == "response"
    assert sandbox.invoke(event("ecs_task"))[0] == "response"


def test_messages_of_no_tenant_end_and_nonsense_comes_again(sandbox):
    made = event("sqs")
    assert sandbox.invoke(made) == ("response", {"batchItemFailures": []})
    made["Records"][0]["body"] = "nonsense"
    assert sandbox.invoke(made) == ("response", {"batchItemFailures": [{"itemIdentifier": made["Records"][0]["messageId"]}]})


def test_no_secret_is_in_its_log(sandbox):
    sandbox.invoke(http("GET", "/v1/tenants", authorization="Bearer sk_wrong"))
    sandbox.invoke({"hello": "world"})
    text = sandbox.log.read_text()
    assert "hello" not in text
    for secret in ("secret-master-key", "secret-resend-key", "sk_wrong"):
        assert secret not in text


def test_it_stays_small(sandbox):
    for _ in range(20):
        sandbox.invoke(http("GET", "/v1/version"))
    assert sandbox.resident_kib() <= 25 * 1024, f"{sandbox.resident_kib()} KiB"


# Requests to AWS from the process's start: the secrets, the installation, the key; then the sign-up's own.
@pytest.mark.parametrize("at", [4, 5])
def test_a_sign_up_that_is_cut_off_at_its_deadline_is_repeated_without_a_second_tenant(environment, account, signup, tmp_path, at):
    name = f"cut{at}"
    with Stuck(environment["AWS_ENDPOINT_URL"]) as aws:
        environment["AWS_ENDPOINT_URL"] = aws.url
        aws.hold_at = at
        with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as sandbox:
            assert sandbox.invoke(http("POST", "/provision", order(name), **signup), seconds=20) is None
            assert len(aws.seen) >= at, aws.seen
            aws.let_go()
            kind, answer = sandbox.invoke(http("POST", "/provision", order(name), **signup))
            assert (kind, answer["statusCode"]) == ("response", 202), answer
    tenants = [row for row in account.rows() if f'"{name}"' in json.dumps(row) or name in json.dumps(row)]
    assert len(tenants) == 1
