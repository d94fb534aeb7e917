"""What the pages for operators promise: each quoted error is real, and what the runbook says to do works."""

import os
import re
import shutil

from world import ROOT, request, wait_until


def literals_of_the_source():
    """The text of all sources, with literals that go over several lines joined."""
    sources = [path.read_text() for path in (ROOT / "src").rglob("*.cpp") if not path.name.endswith("_test.cpp")]
    return re.sub(r'"\s*\n\s*"', "", "\n".join(sources))


def test_every_error_of_the_page_is_one_of_the_programs():
    source = literals_of_the_source()
    rows = re.findall(r"^\| (`.*?`) \|", (ROOT / "docs/operating/errors.md").read_text(), re.MULTILINE)
    assert len(rows) >= 30
    for row in rows:
        for quoted in re.findall("`([^`]*)`", row):
            for part in (part.strip(" :()") for part in quoted.split("…")):
                assert part in source, f"no such error: {part!r} of {row}"


def test_a_restored_ledger_adopts_its_tenants_and_takes_nothing_away(make_server, docker, sample_image, place):
    slipway = make_server(image=sample_image, docker=docker).start()
    old = slipway.provision("old")
    slipway.cli("backup", place / "backup.db")
    new = slipway.provision("new")
    slipway.stop()

    for name in ("ledger.db", "ledger.db-wal", "ledger.db-shm"):
        (slipway.data / name).unlink(missing_ok=True)
    shutil.copy(place / "backup.db", slipway.data / "ledger.db")
    (slipway.data / "ledger.db").chmod(0o600)
    slipway.start()

    slipway.wait_status(old["tenantId"], "active")
    assert slipway.app(old).status == 200
    assert slipway.get(f"/v1/tenants/{new['tenantId']}").status == 404
    orphans = slipway.post("/v1/sweep").json["orphans"]
    assert {orphan["tenantId"] for orphan in orphans} == {new["tenantId"]}
    assert {"container", "database", "role"} <= {orphan["kind"] for orphan in orphans}
    assert all(orphan["held"] and not orphan["removed"] for orphan in orphans)
    assert slipway.app(new).status == 200       # the customer of today notices nothing


def test_a_moved_installation_brings_its_tenants_back_with_their_data(make_server, docker, sample_image):
    volumes = [{"name": "data", "path": "/data"}]
    before = make_server(image=sample_image, docker=docker, volumes=volumes).start()
    tenant = before.provision("acme")
    [container] = docker.containers(tenant=tenant["tenantId"])
    url = docker.environment(container)["DATABASE_URL"]
    local = url.replace(url.rsplit("@", 1)[1].split(":")[0], "127.0.0.1")
    before.psql(local, "CREATE TABLE precious (x int)")
    before.post(f"/v1/tenants/{tenant['tenantId']}/suspend")
    before.wait_status(tenant["tenantId"], "suspended")
    before.stop()
    before.cli("database", "stop")
    docker.run("rm", container)                 # another machine has the volumes, and no container

    after = make_server(image=sample_image, docker=docker, volumes=volumes, first_port=before.first_port)
    shutil.copytree(before.data, after.data, symlinks=True)
    copy_owners(before.data, after.data)
    after.start()
    after.post(f"/v1/tenants/{tenant['tenantId']}/resume")
    moved = after.wait_status(tenant["tenantId"], "active")
    assert moved["accessUrl"] == tenant["accessUrl"]
    [container] = docker.containers(tenant=tenant["tenantId"])
    assert docker.volumes(tenant["tenantId"])[0] in str(docker.inspect(container)["Mounts"])
    local = local.replace(str(before.database_port), str(after.database_port))
    after.psql(local, "SELECT * FROM precious")
    assert request("GET", tenant["accessUrl"] + "/", timeout=10).status == 200


def copy_owners(source, target):
    """What `rsync -a` keeps and copytree does not."""
    for path in [source, *source.rglob("*")]:
        status = path.lstat()
        os.chown(target / path.relative_to(source), status.st_uid, status.st_gid, follow_symlinks=False)


def test_a_container_that_is_removed_comes_back_with_the_new_secret(make_server, docker, busybox_image):
    slipway = make_server(image=busybox_image, docker=docker, health="/", app="    API_TOKEN: before\n").start()
    tenant = slipway.provision("acme")
    slipway.stop()
    slipway.config.write_text(slipway.config.read_text().replace("API_TOKEN: before", "API_TOKEN: after"))
    slipway.start()
    [container] = docker.containers(tenant=tenant["tenantId"])
    assert docker.environment(container)["API_TOKEN"] == "before"
    docker.run("rm", "-f", container)
    [again] = wait_until(lambda: [c for c in docker.containers(tenant=tenant["tenantId"]) if c != container],
                         "another container")
    assert docker.environment(again)["API_TOKEN"] == "after"
    assert slipway.wait_status(tenant["tenantId"], "active")["accessUrl"] == tenant["accessUrl"]
