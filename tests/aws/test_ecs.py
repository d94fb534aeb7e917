"""The AWS path at the drivers: our engine, EcsRuntime and EcsInitDatabase over model_proxy and ministack, with real
containers, a real Postgres and the real init image."""
import json
import subprocess
import urllib.request
import uuid

import pytest

import postgres_server
from conftest import BUILD


class Engine:
    def __init__(self, environment):
        self._process = subprocess.Popen([BUILD / "tests/aws/engine/slipway_aws_engine"], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True, env=environment)

    def do(self, command, argument=""):
        self._process.stdin.write(f"{command} {argument}\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def close(self):
        self._process.stdin.close()
        self._process.wait(30)


@pytest.fixture()
def cloud(ministack, postgres):
    from ecs_gaps import EcsGaps
    from model_proxy import ModelProxy
    with ModelProxy(ministack.url) as proxy:
        proxy.gaps = EcsGaps(proxy)
        proxy.cluster = "shop-" + uuid.uuid4().hex[:8]
        proxy.parameters = "/slipway/" + proxy.cluster
        proxy.ask_upstream("ecs", "CreateCluster", {"clusterName": proxy.cluster})
        proxy.ask_upstream("logs", "CreateLogGroup", {"logGroupName": proxy.parameters})
        proxy.ask_upstream("ssm", "PutParameter", {"Name": proxy.parameters + "/database/admin_password",
                                                   "Value": postgres_server.PASSWORD, "Type": "String"})
        yield proxy
        proxy.clear_faults()
        proxy.gaps.stop_everything()


@pytest.fixture()
def engine(cloud, postgres, init_image, app_image):
    made = Engine({"TEST_ENDPOINT": cloud.url, "TEST_CLUSTER": cloud.cluster, "TEST_PARAMETERS": cloud.parameters,
                   "TEST_LOG_GROUP": cloud.parameters, "TEST_INIT_IMAGE": init_image, "TEST_APP_IMAGE": app_image,
                   "TEST_DB_HOST": postgres.host, "TEST_DB_PORT": str(postgres.port)})
    yield made
    made.close()


def answer_of(port, path="/healthz"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as response:
        return response.status


def alive(cloud):
    return [t for t in cloud.gaps.tasks.values() if t["lastStatus"] != "STOPPED"]


def secrets_in_the_open(cloud):
    """Requests, but PutParameter, that hold a password."""
    values = [v["Value"] for v in cloud.inputs("PutParameter")] + [postgres_server.PASSWORD]
    return [c.operation for c in cloud.calls if c.operation != "PutParameter"
            and any(value in json.dumps(c.input) for value in values if len(value) > 20)]


def test_a_tenants_whole_life(cloud, engine, postgres):
    tenant = engine.do("sign-up", "acme")
    assert tenant["status"] == "active", tenant
    assert tenant["url"] == f"http://acme.127-0-0-1.sslip.io:{tenant['port']}"
    assert answer_of(tenant["port"]) == 200
    assert len(postgres.names()) == 2 and len(alive(cloud)) == 1
    assert (tenant["mails"], tenant["leases"]) == (1, 1)

    suspended = engine.do("suspend", tenant["id"])
    assert suspended["status"] == "suspended" and not alive(cloud)
    assert (suspended["url"], suspended["leases"]) == ("", 0)
    assert len(postgres.names()) == 2, "its data stays"

    resumed = engine.do("resume", tenant["id"])
    assert resumed["status"] == "active", resumed
    assert answer_of(resumed["port"]) == 200
    assert (len(alive(cloud)), resumed["boots"], resumed["mails"]) == (1, 2, 1)

    gone = engine.do("remove", tenant["id"])
    assert gone["status"] == "deleted", gone
    assert gone["errors"] == []
    assert postgres.names() == []
    assert not alive(cloud)
    assert engine.do("resources")["resources"] == []
    assert cloud.violations == []
    assert secrets_in_the_open(cloud) == []


def test_a_lost_answer_starts_nothing_twice(cloud, engine):
    cloud.fault("lost", operation="RunTask")
    cloud.gaps.visible_after = 2.0
    tenant = engine.do("sign-up", "acme")
    assert tenant["status"] == "active", tenant
    assert len(alive(cloud)) == 1
    assert len(cloud.gaps.tasks) == 1
    assert len({v["clientToken"] for v in cloud.inputs("RunTask")}) == 1
    engine.do("remove", tenant["id"])


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "torn", "cut"])
def test_every_call_may_fail_once(cloud, engine, postgres, kind):
    for operation in ("ListTasks", "DescribeTasks", "DescribeTaskDefinition", "RegisterTaskDefinition", "RunTask",
                      "PutParameter", "DescribeParameters", "DescribeContainerInstances", "DescribeInstances",
                      "StopTask", "DeregisterTaskDefinition", "DeleteTaskDefinitions", "DeleteParameters"):
        cloud.fault(kind, operation=operation)
    tenant = engine.do("sign-up", "acme")
    assert tenant["status"] == "active", tenant
    assert len(alive(cloud)) == 1
    assert engine.do("remove", tenant["id"])["status"] == "deleted"
    assert postgres.names() == [] and engine.do("resources")["resources"] == []


def test_an_image_that_is_not_there_ends_in_words(cloud, postgres, init_image):
    engine = Engine({"TEST_ENDPOINT": cloud.url, "TEST_CLUSTER": cloud.cluster, "TEST_PARAMETERS": cloud.parameters,
                     "TEST_LOG_GROUP": cloud.parameters, "TEST_INIT_IMAGE": init_image,
                     "TEST_APP_IMAGE": "127.0.0.1:1/no-such-image:1", "TEST_DB_HOST": postgres.host,
                     "TEST_DB_PORT": str(postgres.port)})
    cloud.gaps.stops.append(("TaskFailedToStart", "CannotPullContainerError: 127.0.0.1:1/no-such-image:1: not found"))
    tenant = engine.do("sign-up", "acme")
    assert tenant["status"] == "failed"
    assert "CannotPullContainerError" in tenant["reason"]
    assert cloud.count("RunTask") == 2, "one start, one drop"
    assert postgres.names() == [] and engine.do("resources")["resources"] == []
    engine.close()


def test_an_app_that_ends_is_started_again(cloud, engine):
    tenant = engine.do("sign-up", "acme")
    running = alive(cloud)[0]
    container = next(c for c in running["containers"] if c["name"] == "app")["runtimeId"]
    subprocess.run(["docker", "kill", container], check=True, capture_output=True, timeout=60)
    cloud.gaps.wait_until_stopped(running["taskArn"])
    healed = engine.do("look", tenant["id"])
    assert healed["status"] == "active", healed
    assert "exited with code 137" in healed["errors"][-1]
    assert len(alive(cloud)) == 1 and answer_of(healed["port"]) == 200
    engine.do("remove", tenant["id"])


def test_the_sweep_takes_what_is_ours_and_nothing_else(cloud, engine):
    tenant = engine.do("sign-up", "acme")
    theirs = {"family": "somebody_elses", "containerDefinitions": [{"name": "x", "image": "x", "memory": 6}]}
    cloud.ask_upstream("ecs", "RegisterTaskDefinition", theirs)
    cloud.ask_upstream("ssm", "PutParameter", {"Name": "/somebody/elses", "Value": "x", "Type": "String"})
    family = next(r["name"] for r in engine.do("resources")["resources"] if r["kind"] == "task_definition")
    ours = family.replace(tenant["id"][2:], "0" * 20)
    cloud.ask_upstream("ecs", "RegisterTaskDefinition", {**theirs, "family": ours})
    assert [o["name"] for o in engine.do("sweep")["orphans"]] == [ours]
    kept = cloud.ask_upstream("ecs", "ListTaskDefinitionFamilies", {"status": "ACTIVE"})["families"]
    assert ours in kept  # of a tenant that the ledger has never known: it may have been restored from a copy
    assert [o["name"] for o in engine.do("sweep", "unknown")["orphans"]] == [ours]
    left = cloud.ask_upstream("ecs", "ListTaskDefinitionFamilies", {"status": "ACTIVE"})["families"]
    assert ours not in left and "somebody_elses" in left and family in left
    assert len(alive(cloud)) == 1
    assert engine.do("look", tenant["id"])["status"] == "active"
    engine.do("remove", tenant["id"])


def test_task_events_tell_a_tasks_life_in_order(cloud, engine):
    tenant = engine.do("sign-up", "acme")
    assert tenant["status"] == "active", tenant
    engine.do("remove", tenant["id"])
    started = [e["detail"] for e in cloud.gaps.events if not e["detail"]["group"].endswith("_drop")]
    assert {d["startedBy"] for d in started} == {tenant["id"]}
    assert [d["version"] for d in started] == sorted(d["version"] for d in started)
    statuses = [d["lastStatus"] for d in started]
    assert statuses[0] == "PENDING" and "RUNNING" in statuses and statuses[-1] == "STOPPED"
