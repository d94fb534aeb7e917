"""An app that prints what it was given: its founder's secrets reach nobody who is not its operator's own terminal."""

import json

import pytest

from secrets_search import search
from world import request, wait_until

KEY = 'sk_live_51"Hxy/zz+top 0001'
PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQ\nAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----"
TOLD = "echo \"settings: PAYMENT_KEY=$PAYMENT_KEY url=$DATABASE_URL\""
SPELLED = {
    "plain": TOLD,
    "json": r"""echo "$PAYMENT_KEY" | sed 's/"/\\"/g; s/.*/{"PAYMENT_KEY": "&"}/'""",
    "percent": r"""echo "$PAYMENT_KEY" | sed 's/"/%22/g; s:/:%2f:g; s/+/%2B/g; s/ /%20/g'""",
    "base64": r"""printf 'shop:%s:x' "$PAYMENT_KEY" | base64; printf %s "$DATABASE_URL" | base64""",
    "lines": "echo \"$TLS_KEY\"",
    "cut": "i=0; while [ $i -lt 590 ]; do printf a; i=$((i+1)); done; " + TOLD + "; i=0; while [ $i -lt 530 ]; do printf b; i=$((i+1)); done; echo",
}
APP = "    PAYMENT_KEY: ${PAYMENT_KEY}\n    TLS_KEY: ${TLS_KEY}\n    LEVEL: verbose\n"


@pytest.fixture()
def talkative(make_server, docker, busybox_image):
    """A server whose app runs a script, and everything that a customer of it is told."""
    def make(script, start_timeout=None):
        server = make_server(image=busybox_image, docker=docker, health="/", app=APP, command=["sh", "-c", script])
        text = server.config.read_text().replace('from: "Test App', 'operator: ops@app.example, from: "Test App')
        if start_timeout:
            text = "\n".join(f"  start_timeout: {start_timeout}" if line.startswith("  start_timeout:") else line
                             for line in text.split("\n"))
        server.config.write_text(text)
        server.env = {"PAYMENT_KEY": KEY, "TLS_KEY": PEM}
        return server.start()

    return make


def customers_view(server, accepted, signup):
    status = request("GET", server.url(accepted["statusUrl"].partition(f":{server.api_port}")[2]))
    body = {"admin_email": "admin@acme.example", "subdomain": "acme", "company_name": "Acme Inc", "userId": "user-acme"}
    repeated = server.post("/provision?wait=1", body, headers={"Authorization": f"Bearer {signup}"})
    return status.json, repeated.json


def assert_told_nothing(server, accepted, signup, code):
    tenant = server.get(f"/v1/tenants/{accepted['tenantId']}").json
    assert tenant["reasonCode"] == code and tenant["reason"], tenant
    timeline = server.get(f"/v1/tenants/{accepted['tenantId']}/events").text
    status, repeated = customers_view(server, accepted, signup)
    for told in (json.dumps(status), json.dumps(repeated)):
        assert tenant["reason"] not in told and "settings" not in told and "last words" not in told
    assert status["reasonCode"] == code and status["reason"].endswith(".")
    for half in ("Hxy", "zz+top", "zz%2Btop", "MIIEvQIBADANBgkq", "AgEAAoIBAQC7"):
        assert half not in tenant["reason"] + timeline + server.log.read_text(), half
    assert search(server).found == set()
    return tenant


@pytest.mark.parametrize("spelled", SPELLED)
def test_an_app_that_dies_at_its_first_boot_tells_nobody(talkative, spelled):
    server = talkative(SPELLED[spelled] + "; exit 1")
    signup = server.make_key("signup")
    accepted = server.sign_up("acme").json
    server.wait_status(accepted["tenantId"], "failed")
    tenant = assert_told_nothing(server, accepted, signup, "app_exited")
    assert "last words" in tenant["reason"] and "***" in tenant["reason"]
    wait_until(server.mails, "the operator's mail")
    assert search(server).found == set()


def test_nor_one_that_never_answers(talkative):
    server = talkative(TOLD + "; exec sleep 1000", start_timeout="3s")
    signup = server.make_key("signup")
    accepted = server.sign_up("acme").json
    server.wait_status(accepted["tenantId"], "failed")
    tenant = assert_told_nothing(server, accepted, signup, "app_not_answering")
    assert "did not answer" in tenant["reason"] and "***" in tenant["reason"]


def test_nor_one_that_ends_after_it_was_active(talkative, docker):
    server = talkative("trap '" + TOLD + "; exit 3' TERM; httpd -f -p 8080 -h /www & wait")
    signup = server.make_key("signup")
    accepted = server.sign_up("acme").json
    server.wait_status(accepted["tenantId"], "active")
    docker.run("kill", "--signal", "TERM", *docker.containers(tenant=accepted["tenantId"]))
    wait_until(lambda: "exited with code 3" in server.get(f"/v1/tenants/{accepted['tenantId']}/events").text, "its end is told")
    timeline = server.get(f"/v1/tenants/{accepted['tenantId']}/events").text
    assert "last words" in timeline and "***" in timeline and "Hxy" not in timeline
    assert search(server).found == set()
