"""The function's own program, started as Lambda starts it, with moto for AWS."""

import base64
import hashlib
import itertools
import json
import os
import subprocess
import urllib.parse
import zipfile
from pathlib import Path

import boto3
import pytest

import moto_server as moto
from runtime_api import Sandbox
from stuck import Stuck
from tls import ECDSA, P256, RSA, TlsRelay

ROOT = Path(__file__).resolve().parents[2]
BOOTSTRAP = os.environ.get("SLIPWAY_BOOTSTRAP", str(ROOT / "build/dev/src/app/lambda/bootstrap"))
# What is deployed is the release build, with 3 MB; the one of the tests, which is not compiled for size, is 13 % larger.
SIZE_LIMIT = 3_000_000 if "/release/" in BOOTSTRAP else 3_390_000
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
        self.url, self.image = url, None
        client = lambda service: boto3.client(service, endpoint_url=url, region_name=moto.REGION,
                                              aws_access_key_id="a", aws_secret_access_key="b")
        self.dynamodb, self.sqs, self.ssm, self.ecs, self.ec2 = map(client, ("dynamodb", "sqs", "ssm", "ecs", "ec2"))
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

    def timeline(self, tenant):
        return self.dynamodb.query(TableName="slipway", KeyConditionExpression="pk = :pk AND begins_with(sk, :event)",
                                   ExpressionAttributeValues={":pk": {"S": "TENANT#" + tenant}, ":event": {"S": "EVENT#"}})["Items"]

    def let_lease_run_out(self, tenant):
        """As if half a minute had passed since who holds it was killed."""
        self.dynamodb.update_item(TableName="slipway", Key={"pk": {"S": "TENANT#" + tenant}, "sk": {"S": "ROW"}},
                                  UpdateExpression="REMOVE lease_owner, lease_until")

    def join_machine(self):
        """So that RunTask finds room."""
        self.image = self.image or self.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
        machine = self.ec2.run_instances(ImageId=self.image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        self.ecs.register_container_instance(cluster="slipway", instanceIdentityDocument=json.dumps(
            {"instanceId": machine, "region": moto.REGION, "accountId": "123456789012", "imageId": self.image}))

    def definitions(self, tenant):
        return [arn for arn in self.ecs.list_task_definitions()["taskDefinitionArns"] if tenant[2:] in arn]

    def tasks(self, tenant):
        found = self.ecs.list_tasks(cluster="slipway")["taskArns"]
        described = self.ecs.describe_tasks(cluster="slipway", tasks=found)["tasks"] if found else []
        return [task for task in described if tenant[2:] in task["taskDefinitionArn"]]

    def parameters(self, tenant):
        """Names, below the tenant's path."""
        path = f"/slipway/test/tenants/{tenant}/"
        return sorted(p["Name"][len(path):] for p in self.ssm.get_parameters_by_path(Path=path, Recursive=True)["Parameters"])


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


def work_on(tenant):
    """The queue's message about a tenant."""
    batch = event("sqs")
    batch["Records"] = batch["Records"][:1]
    batch["Records"][0]["body"] = json.dumps({"tenant": tenant})
    return batch


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
    assert size <= SIZE_LIMIT, f"the function's zip has {size:,} bytes"


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
    assert sandbox.invoke(work_on(tenant)) == ("response", {"batchItemFailures": []})
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


# Requests to AWS from the process's start: the secrets, the installation, the key; then the sign-up's own two.
SIGN_UP_REQUESTS = 5


@pytest.mark.parametrize("answer_lost", [False, True], ids=["before", "after"])
def test_a_sign_up_that_is_cut_off_at_its_deadline_is_repeated_without_a_second_tenant(environment, account, signup, tmp_path,
                                                                                      answer_lost):
    for at in range(1, SIGN_UP_REQUESTS + 1):
        name = f"cut{at}{answer_lost}".lower()
        with Stuck(account.url) as aws:
            aws.hold_at, aws.hold_answer = at, answer_lost
            with Sandbox(BOOTSTRAP, {**environment, "AWS_ENDPOINT_URL": aws.url}, tmp_path / "log") as sandbox:
                sign_up = http("POST", "/provision", order(name), **signup)
                assert sandbox.cut_off(sign_up, aws.held) is None, f"it asks less than {at} times: {aws.seen}"
                aws.let_go()
                kind, answer = sandbox.invoke(sign_up)
                assert (kind, answer["statusCode"]) == ("response", 202), answer
        tenants = [row for row in account.rows() if f'"{name}"' in row["doc"]["S"]]
        assert len(tenants) == 1, f"cut off at request {at}"
        assert {"tenant": tenants[0]["pk"]["S"].partition("#")[2]} in account.messages(), f"cut off at request {at}"


@pytest.mark.parametrize("answer_lost", [False, True], ids=["before", "after"])
def test_work_that_is_cut_off_at_its_deadline_wherever_it_is_leaves_one_of_each(environment, account, signup, tmp_path, answer_lost):
    with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as sandbox:
        for at in itertools.count(1):
            account.join_machine()  # moto's have room for one
            name = f"work{at}{answer_lost}".lower()
            answer = sandbox.invoke(http("POST", "/provision", order(name), **signup))[1]
            tenant = json.loads(answer["body"])["tenantId"]
            asked = cut_off_work(environment, account.url, tenant, at, answer_lost, tmp_path)
            account.let_lease_run_out(tenant)
            for _ in range(2):  # the queue brings it again, and may do so twice
                assert sandbox.invoke(work_on(tenant)) == ("response", {"batchItemFailures": []})
            where = f"cut off at request {at} ({asked[-1]})"
            family = next(iter({arn.rpartition(":")[0] for arn in account.definitions(tenant)}))
            assert account.definitions(tenant) == [family + ":1"], where
            assert len(account.tasks(tenant)) == 1, where
            assert account.parameters(tenant) == ["database/password", "env/PORT"], where
            lines = [line for item in account.timeline(tenant) for line in json.loads(item["events"]["S"])]
            assert [line["kind"] for line in lines].count("signed_up") == 1, where
            if len(asked) < at:
                break
    assert at > 10, "it asks AWS more often than that"


def cut_off_work(environment, upstream, tenant, at, answer_lost, tmp_path):
    """What a fresh process asked until it was killed at its request number `at`, or until it had done its work."""
    with Stuck(upstream) as aws:
        aws.hold_at, aws.hold_answer = at, answer_lost
        with Sandbox(BOOTSTRAP, {**environment, "AWS_ENDPOINT_URL": aws.url}, tmp_path / "log") as sandbox:
            done = sandbox.cut_off(work_on(tenant), aws.held)
            assert done in (None, ("response", {"batchItemFailures": []})), done
            asked = list(aws.seen)
            aws.let_go()  # what was held arrives late
    return asked


@pytest.mark.parametrize("key, digest", [(RSA, "sha256"), (RSA, "sha512"), (ECDSA, "sha384"), (P256, "sha256")],
                         ids=["rsa", "rsa-sha512", "ecdsa", "p256"])
def test_it_speaks_tls_with_aws(request, environment, account, signup, tmp_path, key, digest):
    with TlsRelay(urllib.parse.urlsplit(account.url).netloc, tmp_path, key, digest) as relay:
        environment.update(AWS_ENDPOINT_URL=relay.url, AWS_CA_BUNDLE=relay.ca_file)
        with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as sandbox:
            kind, answer = sandbox.invoke(http("POST", "/provision", order(f"tls-{request.node.callspec.id}"), **signup))
            assert (kind, answer["statusCode"]) == ("response", 202), answer
            assert sandbox.invoke(work_on(json.loads(answer["body"])["tenantId"])) == ("response", {"batchItemFailures": []})


def test_what_is_wrong_with_a_file_of_roots_is_told(environment, tmp_path):
    (tmp_path / "roots.pem").write_text("no certificate")
    environment.update(AWS_ENDPOINT_URL="https://127.0.0.1:1", AWS_CA_BUNDLE=str(tmp_path / "roots.pem"))
    with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as sandbox:
        kind, error = sandbox.first_answer()
    assert kind == "init_error" and "roots.pem" in error["errorMessage"], error
    number = error["errorMessage"].partition("`openssl errstr ")[2].partition("`")[0]
    words = subprocess.run(["openssl", "errstr", number], capture_output=True, text=True, check=True).stdout
    assert "no certificate or crl found" in words, (error, words)


def test_who_has_not_awss_certificate_is_told_nothing(environment, account, tmp_path):
    with TlsRelay(urllib.parse.urlsplit(account.url).netloc, tmp_path) as relay:
        environment.update(AWS_ENDPOINT_URL=relay.url)
        with Sandbox(BOOTSTRAP, environment, tmp_path / "log") as sandbox:
            kind, error = sandbox.first_answer()
            assert kind == "init_error" and "certificate is not accepted" in error["errorMessage"], error
