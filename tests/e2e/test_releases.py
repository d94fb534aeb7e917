"""A customer runs what they were given until somebody moves them, and what an instance was made from is compared with what it should be."""

import pathlib
import shutil

import pytest

from test_lifecycle import host_url
from world import network_name, wait_until


def make_image(docker, tag, page):
    busybox = pathlib.Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    return docker.import_image(tag, {"bin/busybox": busybox, "bin/sh": busybox, "www/index.html": page.encode()},
                               'ENTRYPOINT ["/bin/busybox"]', 'CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]')


@pytest.fixture()
def image(docker):
    """A name that this test alone may give to another image."""
    tag = network_name("release", 1) + ":1"
    yield make_image(docker, tag, "one")
    docker.run("rmi", "-f", tag, check=False)


def configure(slipway, *changes):
    """Other words in slipway.yaml, and a Slipway that has read them."""
    text = slipway.config.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    slipway.config.write_text(text)
    slipway.restart()


def page(slipway, tenant):
    return slipway.app(tenant).text if slipway.serves(tenant) else None


def outdated(slipway, tenant):
    return slipway.tenant(tenant["tenantId"])["outdated"]


def container_of(docker, tenant):
    [container] = docker.containers(tenant=tenant["tenantId"])
    return container


def test_a_tag_that_is_pushed_again_and_another_app_change_nobody_until_they_are_moved(make_server, docker, image):
    slipway = make_server(image=image, docker=docker, health="/").start()
    acme = slipway.provision("acme")
    assert page(slipway, acme) == "one"
    make_image(docker, image, "two")
    configure(slipway, ("port: 8080", "port: 9090"), ("  env:", '  command: [httpd, "-f", "-p", "9090", "-h", "/www"]\n  env:'))

    docker.run("rm", "-f", container_of(docker, acme))
    wait_until(lambda: page(slipway, acme) == "one", "the old customer is back, with the image and the port they had")
    globex = slipway.provision("globex")
    assert page(slipway, globex) == "two"
    assert slipway.tenant(globex["tenantId"])["release"] != slipway.tenant(acme["tenantId"])["release"]
    assert not outdated(slipway, acme)

    slipway.cli("upgrade", "acme")
    wait_until(lambda: page(slipway, acme) == "two", "the old customer has what is new")
    slipway.wait_status(acme["tenantId"], "active")
    assert slipway.tenant(globex["tenantId"])["release"] == slipway.tenant(acme["tenantId"])["release"]
    assert slipway.tenant(acme["tenantId"])["accessUrl"] == acme["accessUrl"]


def test_a_plan_with_more_memory_reaches_who_runs_and_one_with_less_the_next_start(make_server, docker, busybox_image):
    plan = "memory: 64MiB, pids: 50, database: { connections: 3 }"
    slipway = make_server(image=busybox_image, docker=docker, health="/", plans=f"plans:\n  default: {{ {plan} }}\n").start()
    tenant = slipway.provision("acme")
    container = container_of(docker, tenant)
    started = docker.inspect(container)["State"]["StartedAt"]

    more = "memory: 128MiB, pids: 70, database: { connections: 5 }"
    configure(slipway, (plan, more))
    wait_until(lambda: docker.inspect(container)["HostConfig"]["Memory"] == 128 << 20, "it has more memory")
    assert docker.inspect(container)["HostConfig"]["PidsLimit"] == 70
    assert docker.inspect(container)["State"]["StartedAt"] == started
    url = host_url(slipway, docker, tenant)
    wait_until(lambda: slipway.psql(url, "SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user").stdout == "5\n",
               "its role may have more connections")

    configure(slipway, (more, plan))
    wait_until(lambda: outdated(slipway, tenant), "that it has more than its plan is shown")
    assert docker.inspect(container)["HostConfig"]["Memory"] == 128 << 20
    slipway.cli("apply", "acme")
    wait_until(lambda: docker.inspect(container)["HostConfig"]["Memory"] == 64 << 20, "it has less memory")
    slipway.wait_status(tenant["tenantId"], "active")
    assert not outdated(slipway, tenant)


def test_a_secret_that_was_changed_is_taken_up_by_the_next_start(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, health="/", app='    MAIL_KEY: "${MAIL_KEY}"\n',
                          volumes=[{"name": "data", "path": "/data"}])
    slipway.env["MAIL_KEY"] = "the-first-mail-key-of-all"
    slipway.start()
    tenant = slipway.provision("acme")
    container = container_of(docker, tenant)
    docker.run("exec", container, "/bin/busybox", "touch", "/data/kept")
    assert b"the-first-mail-key-of-all" not in (slipway.data / "ledger.db").read_bytes()

    slipway.env["MAIL_KEY"] = "and-the-second-mail-key"
    slipway.restart()
    wait_until(lambda: outdated(slipway, tenant), "it is shown")
    assert docker.inspect(container)["State"]["Running"]
    slipway.cli("apply", "--all")
    wait_until(lambda: [docker.environment(c, missing_ok=True).get("MAIL_KEY")
                        for c in docker.containers(tenant=tenant["tenantId"])] == ["and-the-second-mail-key"], "it has the new key")
    slipway.wait_status(tenant["tenantId"], "active")
    assert not outdated(slipway, tenant)
    wait_until(lambda: slipway.serves(tenant), "it serves")
    assert docker.run("exec", container_of(docker, tenant), "/bin/busybox", "ls", "/data").stdout == "kept\n"


def test_a_bridge_with_another_address_is_noticed_and_apply_leads_back_to_the_database(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, health="/").start()
    tenant = slipway.provision("acme")
    container = container_of(docker, tenant)
    slipway.stop()
    docker.run("network", "disconnect", "-f", slipway.network, container)
    docker.run("network", "rm", slipway.network)
    third = 1 + slipway.api_port % 250
    configured = slipway.config.read_text()
    slipway.config.write_text(configured.replace(f"network: {slipway.network}", f"network: {slipway.network}, subnet: 10.231.{third}.0/24"))
    slipway.start()
    wait_until(lambda: outdated(slipway, tenant), "it is shown")
    slipway.cli("apply", "acme")
    gateway = f"10.231.{third}.1"
    wait_until(lambda: [gateway in docker.environment(c, missing_ok=True).get("DATABASE_URL", "")
                        for c in docker.containers(tenant=tenant["tenantId"])] == [True], "its database is where it is told")
    slipway.wait_status(tenant["tenantId"], "active")
    assert docker.run("exec", container_of(docker, tenant), "/bin/busybox", "nc", "-w", "3", gateway, slipway.database_port,
                      check=False).returncode == 0
