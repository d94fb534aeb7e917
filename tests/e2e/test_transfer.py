"""Tenants' specifications from one Slipway to another: `slipway export | slipway import -`."""

import json
import subprocess

from world import binary


def import_into(server, lines):
    return subprocess.run([binary(), "--config", server.config, "import", "-", "--json"], input=lines, text=True,
                          capture_output=True, timeout=60)


def test_an_export_makes_the_same_tenants_elsewhere_once(make_server, docker, sample_image):
    first = make_server(image=sample_image, docker=docker).start()
    second = make_server(image=sample_image, docker=docker).start()
    first.provision("acme", metadata={"language": "vi"})
    gone = first.provision("gone")
    first.delete(f"/v1/tenants/{gone['tenantId']}")
    first.wait_status(gone["tenantId"], "deleted")

    exported = first.cli("export").stdout
    assert [json.loads(line) for line in exported.splitlines()] == [
        {"userId": "user-acme", "subdomain": "acme", "company_name": "Acme Inc", "admin_email": "admin@acme.example",
         "plan": "default", "metadata": {"language": "vi"}}]
    for outcome in ("signed up", "already there"):
        done = import_into(second, exported)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["outcome"] == outcome
    [tenant] = second.get("/v1/tenants").json["tenants"]
    second.wait_status(tenant["tenantId"], "active")
    assert second.cli("export").stdout == exported

    # Another customer who wants a subdomain that is taken is told so; the rest of the file is imported.
    other = exported.replace("user-acme", "user-other") + exported.replace("acme", "bakery")
    done = import_into(second, other)
    assert done.returncode == 1
    assert [json.loads(line)["outcome"] for line in done.stdout.splitlines()] == ["refused", "signed up"]
    assert len(second.get("/v1/tenants").json["tenants"]) == 2
