"""The proxy itself: what it lets through, what it refuses, how it misbehaves, and that what it makes up is AWS's."""
import http.client
import http.server
import json
import threading
import time

import pytest

botocore = pytest.importorskip("botocore", reason="NOT TESTED: botocore is not here (tools/requirements.txt)")

import ecs_gaps
import models
from model_proxy import ModelProxy, Refusal


class Emulator:
    """Answers {"here": operation} to everything, and remembers."""

    def __init__(self):
        self.seen, self.answers = [], {}
        emulator = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
                emulator.seen.append((operation, body))
                answer = emulator.answers.get(operation, lambda value: {})
                text = json.dumps(answer(json.loads(body) if operation else {})).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture()
def emulator():
    made = Emulator()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture()
def proxy(emulator):
    with ModelProxy(emulator.url) as made:
        yield made


def ask(proxy, service, operation, value):
    """(status, answer)"""
    connection = http.client.HTTPConnection(proxy.url[7:], timeout=20)
    headers = {"X-Amz-Target": f"{models.service(service).metadata['targetPrefix']}.{operation}",
               "Content-Type": "application/x-amz-json-1.1",
               "Authorization": f"AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/{service}/aws4_request, x"}
    try:
        connection.request("POST", "/", json.dumps(value), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    finally:
        connection.close()


@pytest.mark.parametrize("service, operation, value, says", [
    ("ecs", "RunTask", {}, "RunTask.taskDefinition: missing"),
    ("ecs", "RunTask", {"taskDefinition": "x", "nonsense": 1}, "RunTask.nonsense: unknown"),
    ("ecs", "RunTask", {"taskDefinition": "x", "launchType": "MOON"}, "'MOON' is none of"),
    ("ecs", "RunTask", {"taskDefinition": 3}, "not a text"),
    ("ecs", "RunTask", {"taskDefinition": "x", "count": 11}, "not 1 to 10"),
    ("ecs", "RunTask", {"taskDefinition": "x", "clientToken": "t" * 65}, "clientToken"),
    ("ecs", "RunTask", {"taskDefinition": "x", "startedBy": "a b"}, "startedBy"),
    ("ecs", "RunTask", {"taskDefinition": "x", "launchType": "EC2",
                        "capacityProviderStrategy": [{"capacityProvider": "p"}]}, "exclude each other"),
    ("ecs", "RunTask", {"taskDefinition": "x", "tags": [{"key": "k" * 129, "value": ""}]}, "more than 128"),
    ("ecs", "DescribeTasks", {"tasks": ["t"] * 101}, "more than 100"),
    ("ecs", "ListTasks", {"startedBy": "a", "family": "f"}, "only filter"),
    ("ecs", "NoSuchThing", {}, "no operation"),
    ("ecs", "RegisterTaskDefinition", {"family": "a b", "containerDefinitions": [{"name": "x", "memory": 8}]},
     "family"),
    ("ecs", "RegisterTaskDefinition", {"family": "f", "containerDefinitions": [{"name": "x"}]}, "neither memory"),
    ("ssm", "PutParameter", {"Name": "/a", "Value": ""}, "empty"),
    ("ssm", "DeleteParameters", {"Names": ["x"] * 11}, "more than 10"),
])
def test_what_aws_would_refuse_is_refused(proxy, emulator, service, operation, value, says):
    status, answer = ask(proxy, service, operation, value)
    assert status == 400 and says in answer["message"]
    assert proxy.violations and says in " ".join(proxy.violations)
    assert emulator.seen == []


def test_what_is_right_goes_through_and_is_counted(proxy, emulator):
    emulator.answers["ListTasks"] = lambda value: {"taskArns": ["a"]}
    assert ask(proxy, "ecs", "ListTasks", {"cluster": "shop"}) == (200, {"taskArns": ["a"]})
    assert proxy.count("ListTasks") == 1 and proxy.counts() == {"ecs.ListTasks": 1}
    assert proxy.inputs("ListTasks") == [{"cluster": "shop"}]
    assert proxy.violations == []


def test_faults(proxy, emulator):
    for kind, status, code in (("throttle", 400, "ThrottlingException"), ("error", 500, "ServerException"),
                               ("unavailable", 503, "ServiceUnavailable"), ("expired", 400, "ExpiredTokenException")):
        proxy.fault(kind, operation="ListTasks")
        assert ask(proxy, "ssm", "GetParameters", {"Names": ["x"]})[0] == 200, "another operation"
        seen = len(emulator.seen)
        got, answer = ask(proxy, "ecs", "ListTasks", {})
        assert (got, answer["__type"]) == (status, code)
        assert len(emulator.seen) == seen, "nothing was done"
        assert ask(proxy, "ecs", "ListTasks", {})[0] == 200, "once"


def test_answers_that_do_not_arrive(proxy, emulator):
    emulator.answers["ListTasks"] = lambda value: {"taskArns": ["a" * 100]}
    proxy.fault("cut")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(proxy, "ecs", "ListTasks", {})
    assert emulator.seen == []
    proxy.fault("lost")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(proxy, "ecs", "ListTasks", {})
    assert len(emulator.seen) == 1, "done, and nobody heard of it"
    proxy.fault("torn")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        ask(proxy, "ecs", "ListTasks", {})
    proxy.fault("slow", seconds=0.3)
    began = time.monotonic()
    assert ask(proxy, "ecs", "ListTasks", {})[0] == 200
    assert time.monotonic() - began >= 0.3


def test_a_made_up_answer_that_aws_would_not_give_is_noted(proxy):
    proxy.on("ecs", "ListTasks", lambda value: {"taskArns": "not a list", "more": 1})
    ask(proxy, "ecs", "ListTasks", {})
    assert any("not a list" in v for v in proxy.violations) and any("more: unknown" in v for v in proxy.violations)


# --- what EcsGaps supplies ---------------------------------------------------------------------------------------------


class Cluster:
    """ministack's part, scripted: containers run until they are stopped or `ended` has their exit code."""

    def __init__(self, emulator):
        self.ended, self.started, self.stopped = {}, [], set()
        self._definitions, self._tasks = {}, {}
        emulator.answers.update(RegisterTaskDefinition=self.register, DescribeTaskDefinition=self.describe,
                                RunTask=self.run, DescribeTasks=self.tasks, StopTask=self.stop)

    def register(self, value):
        arn = f"arn:aws:ecs:eu-central-1:1:task-definition/{value['family']}:1"
        self._definitions[arn] = {**value, "taskDefinitionArn": arn, "revision": 1, "status": "ACTIVE"}
        return {"taskDefinition": self._definitions[arn]}

    def describe(self, value):
        return {"taskDefinition": self._definitions[value["taskDefinition"]]}

    def run(self, value):
        container = self._definitions[value["taskDefinition"]]["containerDefinitions"][0]
        arn = f"upstream-{len(self._tasks)}"
        self._tasks[arn] = container["name"]
        self.started.append(container["name"])
        return {"tasks": [{"taskArn": arn}]}

    def tasks(self, value):
        arn = value["tasks"][0]
        code = self.ended.get(self._tasks[arn])
        status = "STOPPED" if code is not None or arn in self.stopped else "RUNNING"
        return {"tasks": [{"lastStatus": status, "containers": [{"exitCode": code, "runtimeId": "x"}]}]}

    def stop(self, value):
        self.stopped.add(value["task"])
        return {}


DEFINITION = {"family": "shop", "containerDefinitions": [
    {"name": "app", "image": "shop", "memory": 128, "dependsOn": [{"containerName": "init", "condition": "SUCCESS"}]},
    {"name": "init", "image": "init", "memory": 64, "memoryReservation": 6, "essential": False}]}


@pytest.fixture()
def gaps(proxy):
    return ecs_gaps.EcsGaps(proxy, address="203.0.113.9")


@pytest.fixture()
def cluster(emulator):
    return Cluster(emulator)


def run(proxy, token="one", definition=DEFINITION, **more):
    arn = ask(proxy, "ecs", "RegisterTaskDefinition", definition)[1]["taskDefinition"]["taskDefinitionArn"]
    return ask(proxy, "ecs", "RunTask", {"cluster": "c", "taskDefinition": arn, "clientToken": token, **more})


def described(proxy, arn):
    return ask(proxy, "ecs", "DescribeTasks", {"cluster": "c", "tasks": [arn], "include": ["TAGS"]})[1]["tasks"][0]


def becomes(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_app_starts_when_init_has_ended_well(proxy, gaps, cluster):
    task = run(proxy, tags=[{"key": "k", "value": "v"}])[1]["tasks"][0]
    becomes(lambda: cluster.started == ["init"])
    assert described(proxy, task["taskArn"])["lastStatus"] == "PENDING"
    cluster.ended["init"] = 0
    becomes(lambda: described(proxy, task["taskArn"])["lastStatus"] == "RUNNING")
    assert cluster.started == ["init", "app"]
    assert described(proxy, task["taskArn"])["tags"] == [{"key": "k", "value": "v"}]
    cluster.ended["app"] = 3
    becomes(lambda: described(proxy, task["taskArn"])["lastStatus"] == "STOPPED")
    ended = described(proxy, task["taskArn"])
    assert (ended["stopCode"], ended["containers"][0]["exitCode"]) == ("EssentialContainerExited", 3)
    assert proxy.violations == [], "what is made up is AWS's"


def test_the_app_does_not_start_when_init_has_failed(proxy, gaps, cluster):
    cluster.ended["init"] = 1
    task = run(proxy)[1]["tasks"][0]
    becomes(lambda: described(proxy, task["taskArn"])["lastStatus"] == "STOPPED")
    assert cluster.started == ["init"]
    assert described(proxy, task["taskArn"])["stopCode"] == "TaskFailedToStart"


def test_a_token_names_one_task_and_refuses_other_parameters(proxy, gaps, cluster):
    first = run(proxy, startedBy="a")[1]["tasks"][0]["taskArn"]
    assert run(proxy, startedBy="a")[1]["tasks"][0]["taskArn"] == first
    assert len(gaps.tasks) == 1
    status, answer = run(proxy, startedBy="b")
    assert (status, answer["__type"], answer["resourceIds"]) == (400, "ConflictException", [first])
    assert run(proxy, token="two", startedBy="b")[1]["tasks"][0]["taskArn"] != first


def test_failures(proxy, gaps, cluster):
    gaps.failures.append(("AGENT", "away"))
    assert run(proxy)[1]["failures"][0]["reason"] == "AGENT"
    gaps.memory_mib = 134 + 133
    assert run(proxy, token="1")[1]["failures"] == []
    assert run(proxy, token="2")[1] == {"tasks": [], "failures": [
        {"arn": gaps._instance_arns()[0], "reason": "RESOURCE:MEMORY"}]}
    gaps.memory_mib = 10_000
    on_port = {"family": "p", "containerDefinitions": [
        {"name": "app", "image": "x", "memory": 8, "portMappings": [{"containerPort": 1, "hostPort": 20001}]}]}
    assert run(proxy, token="3", definition=on_port)[1]["failures"] == []
    assert run(proxy, token="4", definition=on_port)[1]["failures"][0]["reason"] == "RESOURCE:PORTS"
    gaps.machines = 0
    assert run(proxy, token="5")[1]["failures"][0]["reason"] == "EMPTY CAPACITY PROVIDER"
    assert proxy.violations == []


def test_new_tasks_are_shown_after_a_while(proxy, gaps, cluster):
    gaps.visible_after = 0.5
    arn = run(proxy)[1]["tasks"][0]["taskArn"]
    assert ask(proxy, "ecs", "ListTasks", {"cluster": "c"})[1]["taskArns"] == []
    assert ask(proxy, "ecs", "DescribeTasks", {"cluster": "c", "tasks": [arn]})[1]["failures"][0]["reason"] == "MISSING"
    becomes(lambda: ask(proxy, "ecs", "ListTasks", {"cluster": "c"})[1]["taskArns"] == [arn])


def test_stop_ends_it_and_events_tell_of_it(proxy, gaps, cluster):
    cluster.ended["init"] = 0
    arn = run(proxy)[1]["tasks"][0]["taskArn"]
    becomes(lambda: described(proxy, arn)["lastStatus"] == "RUNNING")
    ask(proxy, "ecs", "StopTask", {"cluster": "c", "task": arn, "reason": "asked"})
    assert ask(proxy, "ecs", "ListTasks", {"cluster": "c"})[1]["taskArns"] == []
    becomes(lambda: described(proxy, arn)["lastStatus"] == "STOPPED")
    assert described(proxy, arn)["stoppedReason"] == "asked"
    assert ask(proxy, "ecs", "ListTasks", {"cluster": "c", "desiredStatus": "STOPPED"})[1]["taskArns"] == [arn]
    versions = [e["detail"]["version"] for e in gaps.events]
    assert versions == sorted(set(versions))
    assert [e["detail"]["lastStatus"] for e in gaps.events][-1] == "STOPPED"
    assert all(isinstance(e["detail"]["createdAt"], str) for e in gaps.events), "ISO there, a number in the API"
    status, answer = ask(proxy, "ecs", "StopTask", {"cluster": "c", "task": "nobody"})
    assert (status, answer["__type"]) == (400, "InvalidParameterException")


def test_a_machine_has_an_address(proxy, gaps):
    arn = gaps._instance_arns()[0]
    machine = ask(proxy, "ecs", "DescribeContainerInstances", {"containerInstances": [arn]})[1]
    assert machine["containerInstances"][0]["ec2InstanceId"] == ecs_gaps.MACHINE
    connection = http.client.HTTPConnection(proxy.url[7:], timeout=20)
    connection.request("POST", "/", f"Action=DescribeInstances&Version=2016-11-15&InstanceId.1={ecs_gaps.MACHINE}",
                       {"Content-Type": "application/x-www-form-urlencoded",
                        "Authorization": "AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-central-1/ec2/aws4_request, x"})
    assert b"<ipAddress>203.0.113.9</ipAddress>" in connection.getresponse().read()
    connection.close()
    assert proxy.violations == []
