"""The whole AWS path, end to end: what `slipway aws deploy` has brought into an account takes a sign-up over its HTTP
API and gives the customer a running container, a database, a URL that answers, and one welcome mail.

Real: the templates, our bootstrap on the Lambda of ministack, slipway-init, the containers, Postgres, the registry.
Imitated: AWS by ministack, with tests/aws/model_proxy.py for what it leaves out and adapter.py for its CloudFormation;
Resend by the server below.
"""

import http.server
import json
import os
import pathlib
import re
import shutil
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

import pytest

import cloud as clouds
import postgres_server
import relay
from conftest import BUILD

BOOTSTRAP = pathlib.Path(os.environ.get("SLIPWAY_BOOTSTRAP", BUILD / "src/app/lambda/bootstrap"))
INIT = pathlib.Path(os.environ.get("SLIPWAY_INIT", BUILD / "src/init/slipway-init"))


class Resend:
    """Takes mail as Resend does: a key, a User-Agent, one mail for each Idempotency-Key."""

    def __init__(self):
        self.mails, self.refused = {}, []
        resend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = resend.take(self.path, self.headers, body)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def take(self, path, headers, body):
        key = headers.get("Idempotency-Key", "")
        if headers.get("Authorization") != "Bearer re_end_to_end" or not headers.get("User-Agent"):
            self.refused.append("key")
            return 401, {"statusCode": 401, "name": "missing_api_key", "message": "no key"}
        if path != "/emails" or not 0 < len(key) <= 256 or not {"from", "to", "subject"} <= set(body):
            self.refused.append(f"{path} {sorted(body)}")
            return 422, {"statusCode": 422, "name": "validation_error", "message": "fields"}
        if key in self.mails and self.mails[key] != body:
            self.refused.append("another body under one key")
            return 409, {"statusCode": 409, "name": "invalid_idempotent_request", "message": "body"}
        self.mails[key] = body
        return 200, {"id": f"mail-{len(self.mails)}"}


class Api:
    def __init__(self, url, key):
        self.url, self.key = url, key

    def __call__(self, method, path, body=None):
        # ministack tells HTTP APIs apart by a name below localhost, which not every resolver knows.
        name = urllib.parse.urlsplit(self.url)
        request = urllib.request.Request(f"http://127.0.0.1:{name.port}{path}", method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json",
                                                  "Host": name.netloc})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as e:
            return e.code, json.loads(e.read() or b"{}")


@pytest.fixture(scope="module")
def account(docker, postgres, app_image):
    from ecs_gaps import EcsGaps
    from model_proxy import ModelProxy

    for program in (BOOTSTRAP, INIT):
        assert program.exists(), f"{program} is not built"
    postgres.ask(f"CREATE ROLE postgres SUPERUSER LOGIN PASSWORD '{postgres_server.PASSWORD}'")
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-aws-", dir="/tmp"))
    resend = Resend()
    (place / "slipway.yaml").write_text(f"""\
app:
  name: Automation
  image: {app_image}
  port: 8080
  health: {{ path: /healthz }}
  env: {{ DATABASE_URL: "{{{{ db.url }}}}", COMPANY_NAME: "{{{{ company_name }}}}", TENANT_ID: "{{{{ tenant.id }}}}" }}
plans: {{ default: {{ memory: 64MiB }} }}
mail: {{ driver: resend, from: "Shop <shop@shop.example>", resend: {{ api_key: re_end_to_end, endpoint: "{resend.url}" }} }}
aws:
  region: eu-central-1
  stack: shop
  database: {{ host: {postgres.host}, port: {postgres.port}, password: {postgres_server.PASSWORD} }}
api: {{ socket: /tmp/not-used.sock }}  # ministack's folder for code is longer than a socket's path may be
runtime: {{ docker: {{ host: "{clouds.ENGINE}" }} }}
limits: {{ sweep_interval: 1s, orphan_grace: 1s }}
""")
    with clouds.cloud(place, place / "postgres", before=ModelProxy) as cloud:
        cloud.gaps = EcsGaps(cloud.proxy)
        cloud.resend = resend
        events = cloud.client("events")

        def tell(event):
            events.put_events(Entries=[{"Source": "aws.ecs", "DetailType": event["detail-type"],
                                        "Detail": json.dumps(event["detail"]), "Resources": event["resources"]}])

        cloud.gaps.on_event = tell
        done = cloud.slipway("--json", "aws", "deploy", "--yes", "--function", BOOTSTRAP, "--init", INIT)
        cloud.outputs = json.loads(done.stdout)
        cloud.key = cloud.slipway("aws", "key", "tests").stdout.strip()
        cloud.api = Api(cloud.outputs["ApiUrl"], cloud.key)
        yield cloud
        cloud.gaps.on_event = lambda event: None
        cloud.gaps.stop_everything()
    shutil.rmtree(place, ignore_errors=True)


def until(cloud, tenant, status, deadline=180):
    seen = {}

    def there():
        code, answer = cloud.api("GET", f"/v1/tenants/{tenant}")
        seen.update(answer)
        return code == 200 and answer["status"] == status

    try:
        clouds.wait_until(there, f"{tenant} is {status}", deadline, 0.5)
    except AssertionError as e:
        log = cloud.slipway("aws", "logs", "--since", "1h", check=False).stdout[-6000:]
        raise AssertionError(f"{e}\n{json.dumps(seen, indent=1)}\n{log}") from None
    return seen


def answers(url):
    """The URL's name resolves to loopback by itself, without DNS."""
    port = url.rsplit(":", 1)[1].rstrip("/")
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/healthz"), timeout=10) as answer:
        return answer.status


def alive(cloud):
    return [t for t in cloud.gaps.tasks.values() if t["lastStatus"] != "STOPPED"]


def test_a_customer_from_the_sign_up_to_nothing_left(account, postgres):
    cloud = account
    form = {"admin_email": "ann@example.com", "subdomain": "acme", "company_name": "Acme Ltd", "userId": "u-1"}
    code, accepted = cloud.api("POST", "/provision", form)
    assert code == 202, accepted
    tenant = accepted["tenantId"]
    code, again = cloud.api("POST", "/provision", form)  # a form that was sent twice
    assert again["tenantId"] == tenant

    shown = until(cloud, tenant, "active")
    assert shown["accessUrl"].startswith("http://acme.127-0-0-1.sslip.io:")
    assert answers(shown["accessUrl"]) == 200
    assert len(alive(cloud)) == 1
    assert len(postgres.names()) == 2  # a role and a database

    clouds.wait_until(lambda: cloud.resend.mails, "the welcome mail", 90)
    assert [m["to"] for m in cloud.resend.mails.values()] == [["ann@example.com"]]
    assert cloud.resend.refused == []
    leases = cloud.client("dynamodb").scan(TableName=cloud.outputs["TableName"])["Items"]
    assert any("userId" in json.dumps(i) or "u-1" in json.dumps(i) for i in leases)

    assert cloud.api("POST", f"/v1/tenants/{tenant}/suspend")[0] in (200, 202)
    until(cloud, tenant, "suspended")
    clouds.wait_until(lambda: not alive(cloud), "no task runs")
    assert cloud.api("POST", f"/v1/tenants/{tenant}/resume")[0] in (200, 202)
    shown = until(cloud, tenant, "active")
    assert answers(shown["accessUrl"]) == 200

    assert cloud.api("DELETE", f"/v1/tenants/{tenant}")[0] in (200, 202)
    until(cloud, tenant, "deleted")
    clouds.wait_until(lambda: not alive(cloud), "no task runs")
    left = [p["Name"] for p in cloud.client("ssm").describe_parameters()["Parameters"] if "/tenants/" in p["Name"]]
    assert left == [] and postgres.names() == []
    assert len(cloud.resend.mails) == 1


@pytest.fixture
def front(account):
    """The HTTP API under a plain address: ministack tells HTTP APIs apart by a name below localhost, which not every
    resolver knows."""
    api = urllib.parse.urlsplit(account.outputs["ApiUrl"])

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            relay.answer(self, *relay.ask(f"127.0.0.1:{api.port}", self, body, host=api.netloc))

        do_GET = do_POST = do_DELETE = forward

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_the_command_line_speaks_to_the_api(account, front, postgres, monkeypatch):
    """What docs/guide/aws.md tells a founder to type once it is deployed."""
    monkeypatch.setitem(account.environment, "SLIPWAY_SERVER", front)
    monkeypatch.setitem(account.environment, "SLIPWAY_API_KEY", account.key)
    run = account.slipway
    made = run("provision", "--email", "bob@example.com", "--subdomain", "bobs", "--company", "Bob & Sons").stdout
    url = re.search(r"http://bobs\.127-0-0-1\.sslip\.io:\d+", made)
    assert url and answers(url.group()) == 200, made
    assert json.loads(run("--json", "show", "bobs").stdout)["status"] == "active"
    assert "bobs" in run("ls").stdout
    assert "instance started" in run("events", "bobs").stdout
    assert "active" in run("status").stdout
    assert run("sweep", "--dry-run").returncode == 0

    key = run("keys", "create", "--scope", "signup", "our web site").stdout.split()[-1]
    assert Api(account.outputs["ApiUrl"], key)("GET", "/v1/tenants")[0] == 403

    run("suspend", "bobs")
    clouds.wait_until(lambda: not alive(account), "no task runs")
    run("resume", "bobs")
    clouds.wait_until(lambda: json.loads(run("--json", "show", "bobs").stdout)["status"] == "active", "bobs is active again", 180)
    run("rm", "--yes", "bobs")
    clouds.wait_until(lambda: not alive(account) and postgres.names() == [], "nothing of it is left", 180)


def test_every_request_was_one_that_aws_takes(account):
    """Runs after the others: what they sent, held against botocore's models."""
    assert account.proxy.violations == []
    sent = account.proxy.counts()
    for call in ("cloudformation.CreateChangeSet", "ssm.PutParameter", "dynamodb.TransactWriteItems", "ecs.RunTask", "sqs.SendMessage"):
        assert sent[call] > 0, sent


def test_nobody_signs_up_without_a_key(account):
    code, answer = Api(account.outputs["ApiUrl"], "wrong")("POST", "/provision", {})
    assert code == 401, answer


def test_secrets_are_in_no_log_and_no_template(account):
    secrets = [postgres_server.PASSWORD, "re_end_to_end", account.key]
    log = account.slipway("aws", "logs", "--since", "1h").stdout
    assert "tenant is active" in log
    for name in ("shop", "shop-data"):
        log += json.dumps(account.client("cloudformation").describe_stacks(StackName=name), default=str)
    assert not any(secret in log for secret in secrets)
