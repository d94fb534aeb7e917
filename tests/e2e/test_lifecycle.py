"""What happens to a tenant after its first day: nothing is left behind, drift heals, restarts disturb nobody."""

import http.server
import socket
import subprocess
import threading

from world import wait_until, without_password


def docker_names(docker, server):
    installation = server.installation()
    return docker.containers(installation=installation)


def host_url(server, docker, tenant):
    """The tenant's database URL as this machine reaches it."""
    [container] = docker.containers(tenant=tenant["tenantId"])
    url = docker.environment(container)["DATABASE_URL"]
    return url.replace(url.rsplit("@", 1)[1].split(":")[0], "127.0.0.1")


def test_delete_leaves_nothing(make_server, docker, sample_image):
    slipway = make_server(image=sample_image, docker=docker, volumes=[{"name": "data", "path": "/data"}]).start()
    keeper, tenant = slipway.provision("keeper"), slipway.provision("acme")
    url = host_url(slipway, docker, tenant)
    name = url.rsplit("/", 1)[1]
    assert docker.volumes(tenant["tenantId"])
    assert slipway.delete(f"/v1/tenants/{tenant['tenantId']}").status == 202
    slipway.wait_status(tenant["tenantId"], "deleted")
    assert docker.containers(tenant=tenant["tenantId"]) == []
    assert docker.volumes(tenant["tenantId"]) == []
    catalogue = host_url(slipway, docker, keeper)
    assert slipway.psql(catalogue, f"SELECT count(*) FROM pg_database WHERE datname = '{name}'").stdout == "0\n"
    assert slipway.psql(catalogue, f"SELECT count(*) FROM pg_roles WHERE rolname = '{name}'").stdout == "0\n"
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("0.0.0.0", tenant["port"]))
    # A late repeat of the sign-up does not bring it back; a new one with a key of its own does start anew.
    late = slipway.sign_up("acme")
    assert late.status == 409 and "userId" in late.text
    assert slipway.tenant(tenant["tenantId"])["status"] == "deleted"
    for action in ("suspend", "resume", "restart", "retry"):
        assert slipway.post(f"/v1/tenants/{tenant['tenantId']}/{action}").status == 409
    assert slipway.sign_up("acme", key="again", wait=60).json["tenantId"] != tenant["tenantId"]


def test_a_container_removed_by_hand_comes_back_under_its_url(slipway, docker):
    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    docker.run("rm", "-f", container)
    [again] = wait_until(lambda: [c for c in docker.containers(tenant=tenant["tenantId"]) if c != container],
                         "another container")
    healed = slipway.wait_status(tenant["tenantId"], "active")
    assert again != container
    assert healed["accessUrl"] == tenant["accessUrl"] and healed["port"] == tenant["port"]
    assert slipway.app(tenant).status == 200
    assert len(slipway.mails()) == 1


def test_a_container_that_dies_is_started_again(slipway, docker):
    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    pid = docker.inspect(container)["State"]["Pid"]
    docker.run("kill", container)
    wait_until(lambda: docker.inspect(container)["State"]["Pid"] not in (0, pid), "the container runs again")
    slipway.wait_status(tenant["tenantId"], "active")
    assert slipway.app(tenant).status == 200
    assert any("exited with code 137" in line for line in slipway.timeline(tenant["tenantId"]))


def test_a_container_that_is_paused_by_hand_is_not_active_and_goes_on(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, health="/").start()
    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    pid = docker.inspect(container)["State"]["Pid"]
    docker.run("pause", container)
    wait_until(lambda: any("was paused from outside" in line for line in slipway.timeline(tenant["tenantId"])), "it is told")
    wait_until(lambda: docker.inspect(container)["State"]["Status"] == "running", "the container goes on")
    slipway.wait_status(tenant["tenantId"], "active")
    assert docker.inspect(container)["State"]["Pid"] == pid and slipway.app(tenant).status == 200


def test_suspend_keeps_the_data_and_resume_the_url(slipway, docker):
    tenant = slipway.provision("acme")
    url = host_url(slipway, docker, tenant)
    slipway.psql(url, "CREATE TABLE precious (x int)")
    slipway.post(f"/v1/tenants/{tenant['tenantId']}/suspend")
    slipway.wait_status(tenant["tenantId"], "suspended")
    [container] = docker.containers(tenant=tenant["tenantId"])
    assert not docker.inspect(container)["State"]["Running"]
    slipway.post(f"/v1/tenants/{tenant['tenantId']}/resume")
    resumed = slipway.wait_status(tenant["tenantId"], "active")
    assert resumed["accessUrl"] == tenant["accessUrl"]
    assert slipway.app(tenant).status == 200
    slipway.psql(url, "SELECT * FROM precious")


def open_session(url):
    bare, environment = without_password(url)
    session = subprocess.Popen(["psql", "-XAtq", bare], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True, env=environment)
    session.stdin.write("SELECT 'ready';\n")
    session.stdin.flush()
    assert session.stdout.readline() == "ready\n"
    return session


def has_ended(session):
    _, errors = session.communicate("SELECT pg_sleep(0);\n", timeout=60)
    return session.returncode != 0 and "terminating connection" in errors


def test_suspended_means_no_login_and_no_session(slipway, docker):
    tenant = slipway.provision("acme")
    url = host_url(slipway, docker, tenant)
    slipway.psql(url, "CREATE TABLE precious AS SELECT 42 AS x")
    session = open_session(url)
    slipway.post(f"/v1/tenants/{tenant['tenantId']}/suspend")
    slipway.wait_status(tenant["tenantId"], "suspended")
    assert has_ended(session)
    assert "not permitted to log in" in slipway.psql(url, "SELECT 1", check=False).stderr
    slipway.post(f"/v1/tenants/{tenant['tenantId']}/resume")
    slipway.wait_status(tenant["tenantId"], "active")
    assert slipway.app(tenant).status == 200
    assert slipway.psql(url, "SELECT x FROM precious").stdout == "42\n"


def test_a_restart_mends_what_the_role_changed_and_ends_its_sessions(slipway, docker):
    tenant = slipway.provision("acme")
    url = host_url(slipway, docker, tenant)
    session = open_session(url)
    slipway.psql(url, f"ALTER ROLE {url.rsplit('/', 1)[1]} PASSWORD 'mine'")
    assert slipway.psql(url, "SELECT 1", check=False).returncode != 0
    slipway.cli("restart", tenant["tenantId"])
    wait_until(lambda: slipway.psql(url, "SELECT 1", check=False).returncode == 0, "the role has its password again")
    slipway.wait_status(tenant["tenantId"], "active")
    assert has_ended(session)
    assert slipway.app(tenant).status == 200


def test_restart_starts_the_app_anew(slipway, docker):
    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    started = docker.inspect(container)["State"]["StartedAt"]
    slipway.post(f"/v1/tenants/{tenant['tenantId']}/restart")
    wait_until(lambda: docker.inspect(container)["State"]["StartedAt"] != started, "a new start")
    slipway.wait_status(tenant["tenantId"], "active")
    assert slipway.tenant(tenant["tenantId"])["crashes"] == 0


def test_a_restart_of_slipway_disturbs_nobody(slipway, docker):
    tenant = slipway.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    started = docker.inspect(container)["State"]["StartedAt"]
    postmaster = next((slipway.data / "postgres").rglob("postmaster.pid")).read_text().splitlines()[0]
    assert slipway.stop() == 0
    assert slipway.app(tenant).status == 200        # also while Slipway is down
    slipway.start()
    slipway.wait_status(tenant["tenantId"], "active")
    assert docker.containers(tenant=tenant["tenantId"]) == [container]
    assert docker.inspect(container)["State"]["StartedAt"] == started
    assert next((slipway.data / "postgres").rglob("postmaster.pid")).read_text().splitlines()[0] == postmaster
    assert len(slipway.mails()) == 1


def test_a_port_of_a_strangers_program_is_skipped_and_reported(make_server, docker, sample_image):
    slipway = make_server(image=sample_image, docker=docker)
    stranger = http.server.HTTPServer(("0.0.0.0", slipway.first_port), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=stranger.serve_forever, daemon=True).start()
    try:
        slipway.start()
        tenant = slipway.provision("acme")
        assert tenant["port"] != slipway.first_port
        assert slipway.app(tenant).status == 200
        assert any(f"port {slipway.first_port} is held by another program" in line
                   for line in slipway.timeline(tenant["tenantId"]))
    finally:
        stranger.shutdown()
        stranger.server_close()


def test_orphans_are_shown_then_removed_and_strangers_left_alone(slipway, docker, busybox_image):
    left = slipway.provision("acme")["tenantId"]
    installation = slipway.installation()
    slipway.delete(f"/v1/tenants/{left}")
    slipway.wait_status(left, "deleted")
    labels = ["--label", "slipway.managed=true", "--label", f"slipway.installation={installation}",
              "--label", f"slipway.tenant={left}"]
    name = f"sw_{installation}_{left.removeprefix('t_')}"
    stranger = docker.run("create", "--name", f"stranger-{installation}", busybox_image).stdout.strip()
    try:
        docker.run("create", "--name", name, *labels, busybox_image)
        docker.run("volume", "create", f"{name}_data", *labels)
        report = slipway.post("/v1/sweep?dry_run=1").json
        assert {orphan["name"] for orphan in report["orphans"]} == {name, f"{name}_data"}
        assert docker.run("inspect", name, check=False).returncode == 0
        wait_until(lambda: docker.run("inspect", name, check=False).returncode != 0, "the orphan is gone")
        wait_until(lambda: docker.run("volume", "inspect", f"{name}_data", check=False).returncode != 0, "its volume too")
        assert docker.run("inspect", stranger, check=False).returncode == 0
        assert slipway.cli("sweep", "--dry-run").returncode == 0
    finally:
        docker.run("rm", "-f", stranger, name, check=False)
