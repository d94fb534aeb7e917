"""Bad images, apps that end, kills at bad moments: the truth is shown and nothing is left behind or lost."""

import random
import socket
import tarfile
import threading

import pytest

from world import Docker, wait_until


def assert_nothing_left(slipway, docker, tenant_id):
    assert docker.containers(tenant=tenant_id) == []
    assert docker.volumes(tenant_id) == []
    tenant = slipway.tenant(tenant_id)
    assert tenant["port"] is None and tenant["accessUrl"] is None


def test_a_registry_that_is_away_is_waited_for(make_server, docker, busybox_image):
    """An outage of the world fails no sign-up: it goes on once the image can be had."""
    image = "localhost:1/slipway-e2e-away:1"
    docker.run("rmi", image, check=False)  # of a run that was cut off
    slipway = make_server(image=image, docker=docker, health="/", limits="retry_budget: 1s").start()
    tenant_id = slipway.sign_up("acme").json["tenantId"]
    wait_until(lambda: "slipway-e2e-away" in (slipway.tenant(tenant_id)["reason"] or ""), "the reason")
    wait_until(lambda: sum(event["kind"] == "error" for event in slipway.get(f"/v1/tenants/{tenant_id}/events").json["events"]) >= 4, "several tries")
    assert slipway.tenant(tenant_id)["status"] == "provisioning"
    docker.run("tag", busybox_image, image)
    try:
        slipway.wait_status(tenant_id, "active")
    finally:
        docker.run("rmi", image, check=False)


def test_an_app_that_ends_fails_with_its_code_and_last_words(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, health="/",
                          command=["sh", "-c", "echo the disk is upside down; exit 7"]).start()
    answer = slipway.sign_up("acme", wait=60)
    assert answer.json["status"] == "failed"
    assert "exited with code 7" in answer.json["message"] and "the disk is upside down" in answer.json["message"]
    assert_nothing_left(slipway, docker, answer.json["tenantId"])


def test_a_command_that_does_not_exist_fails_at_once(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, app="  # \n", command=["no-such-applet"], health="/").start()
    answer = slipway.sign_up("acme", wait=60)
    assert answer.json["status"] == "failed"
    assert_nothing_left(slipway, docker, answer.json["tenantId"])


def test_a_failed_one_can_be_retried(make_server, docker, busybox_image, tmp_path):
    image = "slipway-e2e-later:1"
    nothing = tmp_path / "nothing.tar"
    tarfile.open(nothing, "w").close()
    docker.run("import", nothing, image)  # which has nothing to run
    slipway = make_server(image=image, docker=docker, health="/").start()
    answer = slipway.sign_up("acme", wait=60)
    assert answer.json["status"] == "failed"
    assert_nothing_left(slipway, docker, answer.json["tenantId"])
    docker.run("tag", busybox_image, image)
    try:
        slipway.post(f"/v1/tenants/{answer.json['tenantId']}/retry")
        slipway.wait_status(answer.json["tenantId"], "active")
        wait_until(slipway.mails, "a mail in the outbox")
        assert len(slipway.mails()) == 1
    finally:
        docker.run("rmi", image, check=False)


def test_a_crash_loop_says_so_and_backs_off(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, health="/", volumes=[{"name": "data", "path": "/data"}],
                          command=["sh", "-c", "test -e /data/broken && exit 3; exec httpd -f -p 8080 -h /www"]).start()
    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    docker.run("exec", container, "/bin/busybox", "touch", "/data/broken")
    docker.run("kill", container)

    def waiting():  # between two tries: while one is made there is no next one to tell of
        shown = slipway.tenant(tenant["tenantId"])
        return shown if shown["status"] == "crash_loop" and shown["nextTryAt"] else None

    assert "exited with code 3" in wait_until(waiting, "it waits for the next try")["reason"]
    assert docker.volumes(tenant["tenantId"])


@pytest.mark.parametrize("moment", range(6))
def test_sigkill_in_the_middle_of_a_provisioning(slipway, docker, moment):
    """Killed at six moments between the answer and the end; after the restart there is exactly one of each."""
    accepted = slipway.sign_up("acme").json
    delay = threading.Event()
    delay.wait(moment * 0.06 + random.Random(moment).random() * 0.02)
    slipway.kill()
    slipway.start()
    tenant = slipway.wait_status(accepted["tenantId"], "active")
    assert tenant["tenantId"] == accepted["tenantId"]
    wait_until(lambda: slipway.tenant(accepted["tenantId"])["emailSent"], "the mail is sent")
    assert len(docker.containers(installation=slipway.installation())) == 1
    assert len(slipway.mails()) == 1
    assert slipway.app(tenant).status == 200
    assert slipway.post("/v1/sweep?dry_run=1").json == {"orphans": [], "drifted": []}


def test_what_was_answered_202_survives_sigkill_the_next_instant(slipway):
    accepted = [slipway.sign_up(f"c{i}").json["tenantId"] for i in range(5)]
    slipway.kill()
    slipway.start()
    for tenant_id in accepted:
        slipway.wait_status(tenant_id, "active")


def test_sigkill_during_a_deletion(slipway, docker):
    tenant = slipway.provision("acme")
    slipway.delete(f"/v1/tenants/{tenant['tenantId']}")
    slipway.kill()
    slipway.start()
    slipway.wait_status(tenant["tenantId"], "deleted")
    assert_nothing_left(slipway, docker, tenant["tenantId"])


class LateDocker(Docker):
    """An engine that is not there until `come`."""

    def __init__(self, place):
        self.place = place / "late.sock"

    def come(self):
        self.place.symlink_to(super().socket().removeprefix("unix://"))

    def socket(self):
        return f"unix://{self.place}"


def works_without(slipway, word):
    """Sign-ups, status, metrics and readiness need the ledger only."""
    tenant = slipway.sign_up("acme")
    assert tenant.status == 202, tenant.text
    assert slipway.get("/metrics").status == 200
    wait_until(lambda: word in slipway.get("/readyz").json.get("notWell", []), lambda: f"it says what is missing: {slipway.get('/readyz').text}")
    wait_until(lambda: slipway.tenant(tenant.json["tenantId"])["reason"], "the tenant says what it waits for")
    return tenant.json["tenantId"]


def test_slipway_starts_while_docker_is_down_and_goes_on_when_it_comes(make_server, docker, busybox_image, place):
    engine = LateDocker(place)
    slipway = make_server(image=busybox_image, docker=engine, health="/").start()
    tenant = works_without(slipway, "runtime")
    engine.come()
    assert slipway.app(slipway.wait_status(tenant, "active")).status == 200
    slipway.stop()
    engine.place.unlink()
    slipway.start()
    assert slipway.tenant(tenant)["accessUrl"]
    engine.come()
    slipway.wait_status(tenant, "active")


def test_slipway_starts_while_its_private_postgres_cannot(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, health="/")
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", slipway.database_port))
        stranger.listen()
        slipway.start()
        tenant = works_without(slipway, "database")
    slipway.wait_status(tenant, "active")


def test_runtime_auto_takes_docker_once_it_is_there_and_then_for_good(make_server, docker, busybox_image, place):
    engine = LateDocker(place)
    slipway = make_server(image=busybox_image, docker=engine, health="/", runtime="auto").start()
    assert "no container engine" in slipway.log.read_text()
    slipway.stop()
    engine.come()
    slipway.start()
    tenant = slipway.provision("acme")["tenantId"]
    assert len(docker.containers(tenant=tenant)) == 1
    assert f"took Docker for good: {slipway.data}/runtime" in slipway.cli("doctor", check=False).stdout
    slipway.stop()
    engine.place.unlink()
    slipway.start()
    second = slipway.sign_up("globex").json["tenantId"]
    engine.come()
    slipway.wait_status(second, "active")
    assert len(docker.containers(tenant=second)) == 1


def test_a_second_slipway_on_the_same_ledger_is_refused(slipway):
    import subprocess

    from world import binary

    done = subprocess.run([binary(), "serve", "--config", slipway.config], capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "another Slipway" in done.stderr
