"""Faults from outside, on the real thing: what Slipway needs fails, stops, fills up or tells another time."""

import contextlib
import datetime
import itertools
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest

import mail_servers
from world import Docker, wait_until

MAIL_FAULTS = ("failing", "cut off", "slow")


def as_root():
    if os.geteuid() != 0:
        pytest.skip("mounting a small disk and starting a second dockerd need root")


# --- mail ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("driver", ("smtp", "resend"))
def test_a_mail_server_that_fails_is_slow_or_cuts_off_gets_one_mail_key(make_server, docker, image, driver):
    handler = mail_servers.Smtp if driver == "smtp" else mail_servers.Resend
    with mail_servers.Serving(handler, *MAIL_FAULTS) as mail_server:
        options = (f"smtp: {{ host: 127.0.0.1, port: {mail_server.port}, security: none }}" if driver == "smtp" else
                   f'resend: {{ endpoint: "http://127.0.0.1:{mail_server.port}", api_key: k }}')
        slipway = make_server(image=image, docker=docker, health="/",
                              mail=f'mail: {{ driver: {driver}, from: "Shop <shop@example.com>", {options} }}').start()
        tenant = slipway.provision("acme")      # active, whatever becomes of the mail
        wait_until(lambda: slipway.tenant(tenant["tenantId"])["emailSent"], "the mail is sent", 60)
        assert not mail_server.faults.faults, "not every fault was met"
        assert len(set(mail_server.faults.keys)) == 1, mail_server.faults.keys
        slipway.restart()
        slipway.wait_status(tenant["tenantId"], "active")
        assert len(set(mail_server.faults.keys)) == 1
        told = " ".join(slipway.timeline(tenant["tenantId"]))
        assert "will be tried again" in told and "mail sent to" in told


# --- Postgres -----------------------------------------------------------------------------------------------------


def postmaster(slipway):
    [file] = (slipway.data / "postgres").rglob("postmaster.pid")
    return int(file.read_text().splitlines()[0])


def test_postgres_dies_in_the_middle_of_sign_ups(make_server, docker, image):
    slipway = make_server(image=image, docker=docker, health="/").start()
    before = slipway.provision("before")
    accepted = [slipway.sign_up(f"c{i}").json["tenantId"] for i in range(4)]
    os.kill(postmaster(slipway), signal.SIGKILL)
    accepted += [slipway.sign_up(f"d{i}").json["tenantId"] for i in range(2)]
    for tenant_id in accepted:
        tenant = slipway.wait_status(tenant_id, "active")
        assert len(docker.containers(tenant=tenant_id)) == 1
        [container] = docker.containers(tenant=tenant_id)
        url = docker.environment(container)["DATABASE_URL"]
        local = url.replace(url.rsplit("@", 1)[1].split(":")[0], "127.0.0.1")
        # Some were active before Postgres died: it may still be coming back.
        wait_until(lambda u=local: slipway.psql(u, "SELECT 1", check=False).stdout == "1\n", "its database answers")
        assert slipway.app(tenant).status == 200
    assert slipway.tenant(before["tenantId"])["status"] == "active"
    wait_until(lambda: len(slipway.mails()) == 7, "each has its mail")
    assert slipway.post("/v1/sweep?dry_run=1").json == {"orphans": [], "drifted": []}


# --- Docker -------------------------------------------------------------------------------------------------------


class OwnDocker(Docker):
    """A second dockerd, to be killed. It leaves the machine's packet filter alone: ports come from its own proxy; and the
    first one's bridge, which a dockerd without a bridge takes away."""

    def __init__(self, place):
        self.place, self.process = place, None

    def start(self):
        here, log = self.place, open(self.place / "dockerd.log", "ab")
        # A killed dockerd takes its containerd along. Where nobody reaps that, it would seem to run still.
        (here / "exec/containerd/containerd.pid").unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["dockerd", "--host", self.socket(), "--data-root", here / "root", "--exec-root", here / "exec",
             "--pidfile", here / "dockerd.pid", "--bridge", "docker0", "--iptables=false", "--ip6tables=false"],
            stdout=log, stderr=log, env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"})
        wait_until(self.answers, f"the second dockerd answers; its log: {log.name}", 60, 0.1)

    def stop(self, how):
        self.process.send_signal(how)
        self.process.wait(60)

    def socket(self):
        return f"unix://{self.place}/docker.sock"

    def run(self, *arguments, **options):
        return super().run("--host", self.socket(), *arguments, **options)


@pytest.fixture()
def engine():
    as_root()
    directory = pathlib.Path(subprocess.run(["mktemp", "-d", "/tmp/slipway-dockerd-XXXXXX"], capture_output=True, text=True,
                                            check=True).stdout.strip())
    engine = OwnDocker(directory)
    try:
        engine.start()
        yield engine
    finally:
        engine.stop(signal.SIGTERM)
        mounts = [line.split()[1] for line in pathlib.Path("/proc/mounts").read_text().splitlines()]
        for mount in reversed([m for m in mounts if m.startswith(str(directory))]):
            subprocess.run(["umount", mount], check=False)
        shutil.rmtree(directory, ignore_errors=True)


def test_docker_restarts_in_the_middle_of_sign_ups(docker, image, engine, make_server):
    subprocess.run(f"docker save {image} | docker --host {engine.socket()} load", shell=True, check=True,
                   capture_output=True)
    slipway = make_server(image=image, docker=engine, health="/").start()
    before = slipway.provision("before")
    accepted = [before["tenantId"]]
    for how, letter in ((signal.SIGTERM, "c"), (signal.SIGKILL, "d")):
        accepted += [slipway.sign_up(f"{letter}{i}").json["tenantId"] for i in range(3)]
        engine.stop(how)
        accepted.append(slipway.sign_up(f"{letter}9").json["tenantId"])     # also while there is no Docker
        engine.start()
        for tenant_id in accepted:
            tenant = slipway.wait_status(tenant_id, "active", deadline=90)
            wait_until(lambda t=tenant: answers(slipway, t), "its app answers under the URL")
            assert len(engine.containers(tenant=tenant_id)) == 1
    assert slipway.tenant(before["tenantId"])["accessUrl"] == before["accessUrl"]
    wait_until(lambda: len(slipway.mails()) == 9, "each has its mail")
    assert slipway.post("/v1/sweep?dry_run=1").json["orphans"] == []


def answers(slipway, tenant):
    try:
        return slipway.app(tenant).status == 200
    except OSError:
        return False


# --- disk ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(slipway):
    """The ledger's folder on a disk of 8 MiB; the databases' stays outside."""
    data, outside = slipway.data, slipway.directory / "postgres"
    data.mkdir(mode=0o711), outside.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0711", "slipway-test", data], check=True)
    try:
        (data / "postgres").mkdir()
        subprocess.run(["mount", "--bind", outside, data / "postgres"], check=True)
        yield
    finally:
        slipway.destroy()
        subprocess.run(["umount", data / "postgres"], check=False)
        subprocess.run(["umount", "-l", data], check=False)


def fill(path):
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def test_a_full_disk_refuses_sign_ups_and_loses_nothing(make_server, docker, image):
    as_root()
    slipway = make_server(image=image, docker=docker, health="/")
    slipway.config.write_text(slipway.config.read_text().replace(f"{slipway.first_port}-{slipway.first_port + 29}",
                                                                 f"{slipway.first_port}-{slipway.first_port + 39}"))
    with small_disk(slipway):
        slipway.start()
        before, ending = slipway.provision("before"), slipway.provision("ending")
        [container] = docker.containers(tenant=before["tenantId"])
        [ends] = docker.containers(tenant=ending["tenantId"])
        fill(slipway.data / "filler")
        accepted, refused = [before["tenantId"], ending["tenantId"]], None
        for i in itertools.count():
            answer = slipway.sign_up(f"c{i}")
            if answer.status != 202:
                refused = answer
                break
            accepted.append(answer.json["tenantId"])
            assert i < 30, "the disk does not fill up"
        assert refused.status == 503 and "disk" in refused.text, refused.text
        assert slipway.app(before).status == 200
        assert slipway.get(f"/v1/tenants/{before['tenantId']}").status == 200
        # Whoever ends meanwhile cannot be written down: work that is owed while the ledger refuses it.
        wait_until(lambda: docker.run("kill", ends, check=False) and is_refused(slipway, ending), "an end is refused", 30, 0.3)
        (slipway.data / "filler").unlink()
        again = slipway.sign_up("again", wait=60)
        assert again.status == 200 and again.json["status"] == "active", again.text
        for tenant_id in accepted:
            slipway.wait_status(tenant_id, "active")
        wait_until(lambda: answers(slipway, ending), "who ended meanwhile was started again")
        assert docker.containers(tenant=ending["tenantId"]) == [ends]
        assert docker.containers(tenant=before["tenantId"]) == [container]
        slipway.kill()
        with contextlib.closing(sqlite3.connect(slipway.data / "ledger.db")) as ledger:
            assert ledger.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        slipway.start()
        assert {t["tenantId"] for t in slipway.get("/v1/tenants").json["tenants"]} == {*accepted, again.json["tenantId"]}
        assert slipway.post("/v1/sweep?dry_run=1").json == {"orphans": [], "drifted": []}


def is_refused(slipway, tenant):
    return any(tenant["tenantId"] in line and "disk is full" in line for line in slipway.log.read_text().splitlines())


# --- clock --------------------------------------------------------------------------------------------------------

HOUR = 3600


class Clock:
    """The clock of one server, to be set forward and back while it runs."""

    def __init__(self, library, directory):
        self.library, self.file = library.parent / "libslipway_clock_shift.so", directory / "clock.shift"
        self.set(0)

    def set(self, seconds):
        with open(self.file, "r+b" if self.file.exists() else "wb") as file:
            file.write((seconds * 1000).to_bytes(8, "little", signed=True))

    def environment(self):
        return {"LD_PRELOAD": str(self.library), "SLIPWAY_CLOCK_SHIFT": str(self.file)}


def seconds_of(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def started(docker, tenant):
    [container] = docker.containers(tenant=tenant["tenantId"])
    return container, docker.inspect(container)["State"]["StartedAt"]


@pytest.mark.parametrize("jumps", ((5 * HOUR, 0, -5 * HOUR), (-5 * HOUR, 0, 5 * HOUR)), ids=("forward", "back"))
def test_a_clock_that_jumps_harms_no_tenant_and_holds_nothing_up(make_server, docker, image, library, place, jumps):
    clock = Clock(library, place)
    # Some boot slowly, so that something waits for its time while the clock jumps.
    slow = ["sh", "-c", "case $SUBDOMAIN in slow*) busybox sleep 4;; esac; exec busybox httpd -f -p 8080 -h /www"]
    slipway = make_server(image=image, docker=docker, health="/", command=slow)
    slipway.env = clock.environment()
    slipway.start()
    settled = slipway.provision("settled")
    as_it_was = started(docker, settled)
    for i, jump in enumerate(jumps):
        booting = slipway.sign_up(f"slow{i}").json
        wait_until(lambda b=booting: is_booting(slipway, b), "it is being asked whether it is ready")
        clock.set(jump)
        slipway.wait_status(booting["tenantId"], "active", deadline=30)
        tenant = slipway.provision(f"c{i}")                 # signs up after the jump
        if i == 0 and jump > 0:
            assert abs(seconds_of(slipway.tenant(tenant["tenantId"])["createdAt"]) - time.time() - jump) < 60, "rows agree with the clock at once"
        docker.run("kill", started(docker, tenant)[0])      # ends twice: the second restart has a wait of its own
        wait_until(lambda t=tenant: answers(slipway, t), "it was started again", 30)
        assert slipway.sign_up(f"c{i}").json["tenantId"] == tenant["tenantId"]
        slipway.post(f"/v1/tenants/{tenant['tenantId']}/suspend")
        slipway.wait_status(tenant["tenantId"], "suspended", deadline=30)
    assert started(docker, settled) == as_it_was and slipway.tenant(settled["tenantId"])["status"] == "active"
    wait_until(lambda: len(slipway.mails()) == 1 + 2 * len(jumps), "each has its mail")
    times = [seconds_of(json.loads(line)["time"]) for line in slipway.log.read_text().splitlines() if line.startswith("{")]
    assert all(after > before - 1 for before, after in itertools.pairwise(times)), "the log's time goes back"
    assert times[-1] >= seconds_of(slipway.tenant(tenant["tenantId"])["createdAt"]), "the log's time is not that of the rows"
    # What waits for a time of a clock that was set back while the server was down is not left waiting.
    clock.set(9 * HOUR)
    waiting = slipway.sign_up("slow9").json
    wait_until(lambda: is_booting(slipway, waiting), "it is being asked whether it is ready")
    slipway.kill()
    clock.set(0)
    slipway.start()
    slipway.wait_status(waiting["tenantId"], "active", deadline=30)


def is_booting(slipway, tenant):
    return any("instance started" in line for line in slipway.timeline(tenant["tenantId"]))


# --- many at once -------------------------------------------------------------------------------------------------


def test_a_hundred_instances_killed_at_once_come_back_under_their_urls(make_server):
    slipway = make_server(runtime="process", health="/", database_env=False,
                          command=["/bin/sh", "-c", "echo well >index.html; exec busybox httpd -f -p 127.0.0.1:$PORT -h ."])
    many, first = 100, slipway.first_port
    slipway.config.write_text(slipway.config.read_text().replace(f"{first}-{first + 29}", f"{first}-{first + many + 9}"))
    slipway.start()
    accepted = [slipway.sign_up(f"c{i}").json["tenantId"] for i in range(many)]
    before = [slipway.wait_status(tenant_id, "active", deadline=120) for tenant_id in accepted]
    pids = [int(process.name) for process in pathlib.Path("/proc").glob("[0-9]*") if is_instance(process, slipway.data)]
    assert len(pids) == many
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    for tenant in before:
        wait_until(lambda t=tenant: slipway.tenant(t["tenantId"])["crashes"] == 1, "its end was seen", 60)
        healed = slipway.wait_status(tenant["tenantId"], "active", deadline=60)
        assert healed["accessUrl"] == tenant["accessUrl"]
        assert slipway.app(tenant).status == 200
    assert len(slipway.mails()) == many


def is_instance(process, data):
    with contextlib.suppress(OSError):
        return (process / "cwd").readlink().is_relative_to(data) and b"httpd" in (process / "cmdline").read_bytes()
    return False


def test_many_containers_killed_at_once_come_back_under_their_urls(make_server, docker, image):
    many = int(os.environ.get("SLIPWAY_KILLED_CONTAINERS", 20))
    slipway = make_server(image=image, docker=docker, health="/")
    first = slipway.first_port
    slipway.config.write_text(slipway.config.read_text().replace(f"{first}-{first + 29}", f"{first}-{first + many + 9}"))
    slipway.start()
    accepted = [slipway.sign_up(f"c{i}").json["tenantId"] for i in range(many)]
    before = [slipway.wait_status(tenant_id, "active", deadline=120) for tenant_id in accepted]
    docker.run("kill", *docker.containers(installation=slipway.installation()))
    for tenant in before:
        wait_until(lambda t=tenant: slipway.tenant(t["tenantId"])["crashes"] == 1, "its end was seen", 60)
        healed = slipway.wait_status(tenant["tenantId"], "active", deadline=60)
        assert healed["accessUrl"] == tenant["accessUrl"] and len(docker.containers(tenant=tenant["tenantId"])) == 1
        assert slipway.app(tenant).status == 200
    assert len(slipway.mails()) == many


# --- an old ledger ------------------------------------------------------------------------------------------------


def restore(slipway, backup):
    slipway.kill()
    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (slipway.data / name).unlink(missing_ok=True)
    shutil.copy(backup, slipway.data / "ledger.db")
    (slipway.data / "ledger.db").chmod(0o600)
    slipway.key = None
    slipway.start()


def test_a_ledger_restored_from_an_old_backup_harms_nobody(make_server, docker, image, place):
    slipway = make_server(image=image, docker=docker, health="/", volumes=[{"name": "data", "path": "/data"}]).start()
    kept, gone, resting = (slipway.provision(name) for name in ("kept", "gone", "resting"))
    slipway.cli("backup", place / "backup.db")
    paid = slipway.provision("paid")                                # signed up since the backup
    slipway.delete(f"/v1/tenants/{gone['tenantId']}")               # left since
    slipway.wait_status(gone["tenantId"], "deleted")
    slipway.post(f"/v1/tenants/{resting['tenantId']}/suspend")
    slipway.wait_status(resting["tenantId"], "suspended")
    undisturbed = {t["tenantId"]: started(docker, t) for t in (kept, paid)}
    restore(slipway, place / "backup.db")

    # Those whom the ledger does not know keep everything: well past the grace, through sweeps and another restart.
    report = slipway.post("/v1/sweep").json
    assert {o["tenantId"] for o in report["orphans"]} == {paid["tenantId"]}
    assert {"container", "volume", "database", "role"} == {o["kind"] for o in report["orphans"]}
    assert all(o["held"] and not o["removed"] for o in report["orphans"])
    wait_until(lambda: "not in the ledger" in slipway.log.read_text(), "the operator is told")
    for _ in range(2):
        after_the_grace = slipway.sign_up(f"clock{_}", wait=60).json       # its port is not that of a stranger's container
        assert after_the_grace["status"] == "active" and after_the_grace["port"] != paid["port"]
        wait_until(lambda: past_grace(slipway), "the grace of what it does not know is over", 30, 0.2)
        slipway.restart()
    assert slipway.app(paid).status == 200 and slipway.app(kept).status == 200
    assert {t["tenantId"]: started(docker, t) for t in (kept, paid)} == undisturbed
    assert slipway.wait_status(resting["tenantId"], "active")["accessUrl"] == resting["accessUrl"]   # as the row says
    assert slipway.tenant(gone["tenantId"])["status"] != "deleted"
    slipway.delete(f"/v1/tenants/{gone['tenantId']}")               # the operator deletes those again who had left
    slipway.wait_status(gone["tenantId"], "deleted")
    assert docker.containers(tenant=gone["tenantId"]) == [] and docker.volumes(gone["tenantId"]) == []

    # Only the operator's word takes it away.
    shown = slipway.cli("sweep", "--dry-run", "--unknown").stdout
    assert paid["tenantId"] in shown and slipway.app(paid).status == 200
    slipway.cli("sweep", "--unknown")
    assert docker.containers(tenant=paid["tenantId"]) == [] and docker.volumes(paid["tenantId"]) == []
    assert slipway.post("/v1/sweep?dry_run=1").json["orphans"] == []


def past_grace(slipway):
    """Whether every orphan was seen for longer than the grace (3 s), by the server's own words."""
    import datetime

    orphans = slipway.post("/v1/sweep").json["orphans"]
    now = datetime.datetime.now(datetime.timezone.utc)
    return orphans and all((now - datetime.datetime.fromisoformat(o["firstSeen"].replace("Z", "+00:00"))).total_seconds() > 5
                           for o in orphans)
