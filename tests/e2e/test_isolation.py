"""A tenant reaches only what is its own, and no more of it than its plan allows."""

import json
import subprocess

from test_lifecycle import host_url
from world import wait_until, without_password


def make_pair(make_server, docker, busybox_image, **options):
    slipway = make_server(image=busybox_image, docker=docker, health="/", **options).start()
    tenants = [slipway.provision(name) for name in ("acme", "bert")]
    containers = [docker.containers(tenant=t["tenantId"])[0] for t in tenants]
    return slipway, tenants, containers


def inside(docker, container, *command):
    return docker.run("exec", container, "/bin/busybox", *command, check=False, timeout=60)


def reaches(docker, container, host, port):
    """Whether a TCP connection from inside the container to there comes about."""
    return inside(docker, container, "nc", "-w", "3", host, port).returncode == 0


def address(docker, container, network):
    return docker.inspect(container)["NetworkSettings"]["Networks"][network]["IPAddress"]


def test_two_tenants_cannot_reach_each_other(make_server, docker, busybox_image):
    slipway, _, (one, two) = make_pair(make_server, docker, busybox_image)
    gateway = json.loads(docker.run("network", "inspect", slipway.network).stdout)[0]["IPAM"]["Config"][0]["Gateway"]
    own, other = address(docker, one, slipway.network), address(docker, two, slipway.network)
    # The way is open where it should be: to itself, and to Postgres.
    assert reaches(docker, one, own, "8080")
    assert reaches(docker, one, gateway, slipway.database_port)
    assert not reaches(docker, one, other, "8080")
    # Neither the API nor the Docker socket is to be had from inside.
    assert not reaches(docker, one, gateway, slipway.api_port)
    assert inside(docker, one, "ls", "/var/run/docker.sock").returncode != 0


def test_two_tenants_cannot_reach_each_others_database(make_server, docker, busybox_image):
    slipway, (one, two), _ = make_pair(make_server, docker, busybox_image)
    mine, theirs = host_url(slipway, docker, one), host_url(slipway, docker, two)
    assert slipway.psql(mine, "SELECT 1").stdout == "1\n"
    other_database = mine.rsplit("/", 1)[0] + "/" + theirs.rsplit("/", 1)[1]
    for name in (other_database, mine.rsplit("/", 1)[0] + "/postgres", mine.rsplit("/", 1)[0] + "/template1"):
        refused = slipway.psql(name, "SELECT 1", check=False)
        assert refused.returncode != 0 and ("pg_hba.conf rejects" in refused.stderr or "permission denied" in refused.stderr), refused
    assert slipway.psql(mine, "CREATE ROLE more", check=False).returncode != 0
    assert slipway.psql(mine, "CREATE DATABASE more", check=False).returncode != 0


def open_session(bare, environment, sessions):
    """Adds a psql that stays connected; False where Postgres has no place for it yet."""
    session = subprocess.Popen(["psql", "-XAtq", bare], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, env=environment)
    sessions.append(session)
    try:
        session.stdin.write("SELECT 1;\n")
        session.stdin.flush()
    except BrokenPipeError:
        pass
    if session.stdout.readline() == "1\n":
        return True
    sessions.remove(session)
    session.communicate()
    return False


def test_limits_bite(make_server, docker, busybox_image):
    slipway = make_server(
        image=busybox_image, docker=docker, health="/", app="  read_only: true\n",
        plans="plans:\n  default: { memory: 32MiB, cpus: 0.2, pids: 20, database: { connections: 2, statement_timeout: 1s } }\n",
    ).start()
    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    # Memory: 64 MiB into a shell's variable within 32 MiB.
    hog = inside(docker, container, "sh", "-c", "x=$(/bin/busybox head -c 67108864 /dev/zero | /bin/busybox tr '\\0' x); echo ${#x}")
    assert "67108864" not in hog.stdout
    wait_until(lambda: slipway.serves(tenant), "the app serves, which the kernel may have ended as well")
    [container] = docker.containers(tenant=tenant["tenantId"])
    # Processes.
    bomb = inside(docker, container, "sh", "-c", "for i in $(/bin/busybox seq 60); do /bin/busybox sleep 3 & done; wait")
    assert "fork" in bomb.stderr or bomb.returncode != 0
    # What is writable, once there is room for a process again, and the root file system.
    wait_until(lambda: inside(docker, container, "touch", "/tmp/x").returncode == 0, "a place in /tmp")
    assert "Read-only file system" in inside(docker, container, "touch", "/www/x").stderr
    # The database.
    url = host_url(slipway, docker, tenant)
    slow = slipway.psql(url, "SELECT pg_sleep(5)", check=False)
    assert "statement timeout" in slow.stderr
    bare, environment = without_password(url)
    sleepers = []
    try:
        for _ in range(2):
            wait_until(lambda: open_session(bare, environment, sleepers), "a place for one more connection")
        assert "too many connections" in slipway.psql(url, "SELECT 1", check=False).stderr
    finally:
        for sleeper in sleepers:
            sleeper.stdin.close()
            sleeper.wait(10)


def test_no_secret_is_shown_anywhere(slipway, docker):
    import pathlib

    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    url = docker.environment(container)["DATABASE_URL"]
    secrets = [url.split(":")[2].split("@")[0], (slipway.data / "master.key").read_text().strip()]
    places = {
        "the log": slipway.log.read_text(),
        "the API": slipway.get(f"/v1/tenants/{tenant['tenantId']}").text + slipway.get("/readyz").text,
        "the timeline": slipway.get(f"/v1/tenants/{tenant['tenantId']}/events").text,
        "the ledger": (slipway.data / "ledger.db").read_bytes().decode("latin-1"),
        "the mail": "".join(path.read_text() for path in slipway.outbox.glob("*.eml")),
        "Postgres' log": "".join(path.read_text(errors="replace") for path in (slipway.data / "postgres").rglob("*.log")),
    }
    for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            places[str(entry)] = entry.read_bytes().decode("latin-1")
        except OSError:
            continue
    for secret in secrets:
        assert len(secret) >= 32
        for place, text in places.items():
            assert secret not in text, f"a secret stands in {place}"
    assert oct((slipway.data / "master.key").stat().st_mode & 0o777) == "0o600"
    assert oct((slipway.data / "ledger.db").stat().st_mode & 0o777) == "0o600"
