"""What Slipway speaks to: a registry that wants credentials, a mail server, machines without an engine."""

import base64
import json
import os
import shutil
import subprocess
import sys

import pytest

from world import ROOT, free_port, request, wait_until


@pytest.fixture()
def registry(place):
    """Debian's docker-registry with a user and a password."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    port = free_port()
    hashed = subprocess.run(["htpasswd", "-nbB", "ann", "s3cret"], capture_output=True, text=True, check=True).stdout
    (place / "htpasswd").write_text(hashed)
    (place / "registry.yml").write_text(f"""
version: 0.1
storage: {{ filesystem: {{ rootdirectory: {place}/registry }} }}
http: {{ addr: "127.0.0.1:{port}" }}
auth: {{ htpasswd: {{ realm: test, path: {place}/htpasswd }} }}
""")
    process = subprocess.Popen([program, "serve", place / "registry.yml"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    wait_until(lambda: listens(port), "the registry listens")
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def listens(port):
    try:
        return request("GET", f"http://127.0.0.1:{port}/v2/", timeout=2).status in (200, 401)
    except OSError:
        return False


def docker_config(place, registry, password):
    directory = place / f"docker-{password}"
    directory.mkdir()
    auth = base64.b64encode(f"ann:{password}".encode()).decode()
    (directory / "config.json").write_text(json.dumps({"auths": {registry: {"auth": auth}}}))
    return directory / "config.json"


def test_an_image_is_pulled_with_credentials(make_server, place, docker, busybox_image, registry):
    image = f"{registry}/shop:1"
    good, bad = docker_config(place, registry, "s3cret"), docker_config(place, registry, "wrong")
    docker.run("tag", busybox_image, image)
    docker.run("--config", good.parent, "push", image)
    docker.run("rmi", image)
    try:
        refused = make_server(image=image, docker=docker, health="/")
        refused.config.write_text(refused.config.read_text().replace("network: ", f"config: {bad}, network: "))
        answer = refused.start().sign_up("acme", wait=60)
        assert answer.json["status"] == "failed"
        assert "wrong" not in refused.log.read_text()

        slipway = make_server(image=image, docker=docker, health="/")
        slipway.config.write_text(slipway.config.read_text().replace("network: ", f"config: {good}, network: "))
        tenant = slipway.start().provision("acme")
        assert any("pull" in line for line in slipway.timeline(tenant["tenantId"]))
        assert "s3cret" not in slipway.log.read_text()
    finally:
        for server_image in (image,):
            docker.run("rmi", "-f", server_image, check=False)


def test_mail_is_received_by_a_real_smtp_server(make_server, place, docker, busybox_image):
    pytest.importorskip("aiosmtpd", reason="python3-aiosmtpd is not installed")
    port, received = free_port(), place / "received"
    received.mkdir()
    process = subprocess.Popen([sys.executable, ROOT / "tests/e2e/smtp_receiver.py", str(port), received])
    try:
        mail = (f'mail: {{ driver: smtp, from: "Shop <shop@example.com>", language: vi, '
                f'smtp: {{ host: 127.0.0.1, port: {port}, security: none }} }}')
        slipway = make_server(image=busybox_image, docker=docker, health="/", mail=mail)
        tenant = slipway.start().provision("acme", company_name="Công ty Á Châu 🚢")
        wait_until(lambda: list(received.glob("*.eml")), "the mail has arrived")
        import email
        import email.policy

        [path] = received.glob("*.eml")
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert message["To"] == "admin@acme.example"
        assert tenant["accessUrl"] in message.get_body(("plain",)).get_content()
        assert "Công ty Á Châu 🚢" in message.get_body(("html",)).get_content()
    finally:
        process.terminate()
        process.wait(10)


def test_the_process_runtime_serves_where_there_is_no_engine(make_server):
    program = os.environ.get("SLIPWAY_SAMPLE", ROOT / "build/dev/examples/automation-app/automation-app")
    slipway = make_server(runtime="process", command=[str(program)]).start()
    assert "plain processes" in slipway.log.read_text()
    tenant = slipway.provision("acme")
    page = slipway.app(tenant)
    assert page.status == 200 and "Acme Inc" in page.text
    slipway.restart()
    assert slipway.app(tenant).status == 200
    slipway.delete(f"/v1/tenants/{tenant['tenantId']}")
    slipway.wait_status(tenant["tenantId"], "deleted")
    with pytest.raises(OSError):
        slipway.app(tenant)
