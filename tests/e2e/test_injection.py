"""What a customer types goes into containers, SQL, mails, logs, timelines, tables, metrics and files. It stays text there.

Every payload goes into every field. What a field does not take is refused, and changes nothing; what it takes is followed
into every place where it arrives. Each payload holds MARK, by which it is found.
"""

import email
import email.policy
import html.parser
import json
import re
import socket
import subprocess

import pytest

from world import binary, request

MARK = "ZqX"   # in no id: those are lower-case

# Never taken, in no field: with these a value could begin a header, a line or a command to a terminal.
CONTROLS = {
    "line break and header": f"{MARK}\r\nBcc: thief@evil.example",
    "forged line": f"{MARK}\n{{\"level\":\"error\",\"message\":\"forged\"}}",
    "terminal": f"{MARK}\x1b[2J\x1b]0;owned\x07",
    "terminal, C1": f"{MARK}\u009b31m",
    "NUL": f"{MARK}\x00x",
    "DEL": f"{MARK}\x7fx",
    "line separator": f"{MARK}\u2028x",
    "direction override": f"{MARK}\u202efdp.exe",
    "isolate": f"{MARK}\u2066x",
}

# Taken where text is free; the user's id and the address are as wild as their fields allow.
TEXTS = {
    "sql": (f"{MARK}'; DROP ROLE postgres; -- \"; DROP DATABASE x; --", f"{MARK}--", f"{MARK}'or'1'='1@evil.example"),
    "html": (f"<script>{MARK}()</script><img src=x onerror=y>\"'&amp;", f"{MARK}:a|b", f"{MARK}&lt@evil.example"),
    "template": (f"{MARK} {{{{ db.password }}}} {{{{ url }}}} {{{{ nothing }}}} {{{{", f"{MARK}@x",
                 f"{{{{db.password}}}}{MARK}@evil.example"),
    "shell": (f"$(touch /tmp/{MARK}) `id` ; rm -rf / | & ${{DATABASE_URL}} $$", f"{MARK}|id", f"`id`|{MARK}@evil.example"),
    "formats": (f"{MARK} %s %n {{}} {{0}} \\n \\x1b[31m \\u001b =cmd|' /C calc'!A0", f"{MARK}.." , f"%s%n{{0}}{MARK}@evil.example"),
    "mail and json": (f"=?UTF-8?B?{MARK}?= Bcc: <thief@evil.example>, \",\"status\":\"deleted", f"{MARK}::",
                      f"{MARK}+bcc=thief@evil.example"),
    "names of others": (f"{MARK},slipway.tenant=t_x", f"{MARK}_postgres", f"{MARK}=slipway.managed@evil.example"),
}
ENVIRONMENT = """    EMAIL: "{{ admin_email }}"
    USER_REF: "<{{ user_id }}>"
    PLAN: "{{ plan }}"
"""


def body_of(number, **fields):
    return {"admin_email": f"a@n{number}.example", "subdomain": f"n{number}", "company_name": "Harmless", **fields}


class World:
    def __init__(self, slipway, docker):
        self.slipway, self.docker = slipway, docker
        self.plain = slipway.provision("plain", company_name="Plain")
        self.sent, self.answers = {}, {}
        forged = {"X-Request-Id": f"{MARK}-forged", "X-Forwarded-For": f"127.0.0.1, {MARK}", "X-Forwarded-Host": MARK,
                  "X-Forwarded-Proto": f"javascript:{MARK}", "User-Agent": MARK,
                  "Referer": MARK}
        for number, (name, (text, user, mailbox)) in enumerate(TEXTS.items()):
            body = body_of(f"wild{number}", company_name=text, admin_email=mailbox, userId=user,
                           metadata={text[:60].encode()[:60].decode("utf-8", "ignore"): text})
            self.sent[name] = body
            self.answers[name] = slipway.post("/provision", body, headers={**forged, "Idempotency-Key": text.encode().decode("ascii", "ignore")})
            assert self.answers[name].status == 202, (name, self.answers[name].text)
        self.tenants = {name: slipway.wait_status(answer.json["tenantId"], "active") for name, answer in self.answers.items()}
        self.containers = {name: docker.containers(tenant=self.id(name))[0] for name in TEXTS}

    def id(self, name):
        return self.answers[name].json["tenantId"]

    def state(self):
        """What a refused request must not change."""
        return (self.slipway.get("/v1/tenants?limit=1000").json["tenants"],
                sorted(self.docker.containers(installation=self.slipway.installation())), len(self.slipway.mails()))


@pytest.fixture(scope="module")
def world(module_server, docker, busybox_image):
    server = module_server(image=busybox_image, docker=docker, health="/", app=ENVIRONMENT, extra="log: { level: debug }")
    return World(server.start(), docker)


def has_controls(text, allowed="\n"):
    return [c for c in text if c not in allowed and (ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 or c in "\u2028\u2029" or
                                                     0x202a <= ord(c) <= 0x202e or 0x2066 <= ord(c) <= 0x2069)]


def strings_of(value):
    if isinstance(value, dict):
        return [s for pair in value.items() for part in pair for s in strings_of(part)]
    if isinstance(value, list):
        return [s for item in value for s in strings_of(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("field", ["admin_email", "subdomain", "company_name", "userId", "plan", "metadata key", "metadata value"])
def test_control_characters_are_refused_in_every_field_and_change_nothing(world, field):
    before = world.state()
    for name, payload in CONTROLS.items():
        wild = {"admin_email": f"{payload}@evil.example", "metadata key": {payload: "x"}, "metadata value": {"x": payload}}
        body = body_of("refused", **{field.split()[0]: wild.get(field, payload)})
        answer = world.slipway.post("/provision", body)
        assert answer.status == 400, (field, name, answer.text)
        assert not has_controls(answer.text), (field, name)
        if field != "plan":   # a plan that is not known is refused as a whole
            assert [e["field"].split(".")[0] for e in answer.json["errors"]] == [field.split()[0]], (name, answer.text)
        assert not [s for s in strings_of(answer.json) if has_controls(s)], (field, name, answer.text)
    assert world.state() == before


def raw_request(port, head):
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(head)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := s.recv(65536):
            answer += piece
        return answer


@pytest.mark.parametrize("header", ["Idempotency-Key", "Authorization", "Host", "X-Forwarded-For", "Content-Type", "Origin",
                                    "Last-Event-ID", "X-Request-Id"])
def test_headers_cannot_carry_lines_or_commands(world, header):
    before = world.state()
    body = json.dumps(body_of("refused")).encode()
    for value in (b"ZqX\x1b[2J", b"ZqX\x00", b"ZqX\x7f\x01", b"ZqX\r\n\tfolded", b"\xc2\x9b31m\xff", b"<script>ZqX</script> {{ url }}"):
        lines = {b"Host": b"x", b"Content-Type": b"application/json", b"Content-Length": str(len(body)).encode(),
                 b"Connection": b"close", header.encode(): value}
        answer = raw_request(world.slipway.api_port, b"POST /provision HTTP/1.1\r\n" +
                             b"".join(name + b": " + text + b"\r\n" for name, text in lines.items()) + b"\r\n" + body)
        status = int(answer.split(b" ")[1])
        assert status in (400, 401, 415), (value, answer)   # broken, or without a key
        assert b"ZqX" not in answer and b"\x1b" not in answer and b"\xff" not in answer, (value, answer)
    assert world.state() == before


def test_a_path_is_text_too(world):
    for path in (f"/nothing/{MARK}%0a%1b%5b31m", f"/nothing/<script>{MARK}", f"/v1/tenants/{MARK}%0d%0aSet-Cookie:%20a=b",
                 f"/v1/tenants?status={MARK}%1b%5b2J%e2%80%ae", f"/v1/tenants?q={MARK}'%20OR%201=1--",
                 f"/v1/tenants?subdomain={MARK}%00", f"/v1/audit?target={MARK}%0a", f"/v1/tenants/%ff{MARK}"):
        answer = world.slipway.get(path)
        assert answer.status in (200, 400, 404), (path, answer.text)
        assert "Set-Cookie" not in answer.headers
        assert not has_controls(answer.text) and not [s for s in strings_of(answer.json) if has_controls(s)], answer.text
        if answer.status == 200:
            assert answer.json.get("tenants", []) == [] and answer.json.get("entries", []) == []
    raw = raw_request(world.slipway.api_port, f"GET /nothing/{MARK}".encode() + b"\xff\xc2\x9b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    raw.decode("utf-8")
    assert not has_controls(raw.decode("utf-8"), "\r\n"), raw


def test_containers(world):
    for name, container in world.containers.items():
        seen, sent = world.docker.inspect(container), world.sent[name]
        environment = world.docker.environment(container)
        environment.pop("PATH", None)
        url = environment.pop("DATABASE_URL")
        assert environment == {"COMPANY_NAME": sent["company_name"].strip(), "TENANT_ID": world.id(name), "SUBDOMAIN": sent["subdomain"],
                               "EMAIL": sent["admin_email"], "USER_REF": f"<{sent['userId']}>", "PLAN": "default", "PORT": "8080"}
        assert set(seen["Config"]["Labels"]) == {"slipway.installation", "slipway.managed", "slipway.tenant", "slipway.fingerprint"}
        assert re.fullmatch(r"/sw_[0-9a-z]{6}_[0-9a-z]{20}", seen["Name"])
        del seen["Config"]["Env"]
        assert MARK not in json.dumps(seen) and url.split(":")[2].split("@")[0] not in json.dumps(seen)
        assert world.docker.run("exec", container, "/bin/busybox", "ls", "/tmp").stdout == ""


def test_postgres(world):
    url = world.docker.environment(world.containers["sql"])["DATABASE_URL"]
    local = url.replace(url.rsplit("@", 1)[1].split(":")[0], "127.0.0.1")
    ask = lambda statement: world.slipway.psql(local, statement).stdout.split()
    databases = [d for d in ask("SELECT datname FROM pg_database") if d not in ("postgres", "template0", "template1")]
    assert len(databases) == len(TEXTS) + 1 and all(re.fullmatch(r"sw_[0-9a-z]{6}_[0-9a-z]{20}", d) for d in databases)
    assert set(databases) <= set(ask("SELECT rolname FROM pg_roles"))
    assert ask("SELECT description FROM pg_shdescription") == ask("SELECT description FROM pg_shdescription WHERE description !~ 'ZqX'")
    assert MARK not in "".join(p.read_text(errors="replace") for p in (world.slipway.data / "postgres").rglob("*.log"))


class Tags(html.parser.HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, tuple(name for name, _ in attributes)))

    def handle_endtag(self, tag):
        self.tags.append(("/" + tag, ()))

    def handle_data(self, data):
        self.text += data


def test_mails(world):
    by_recipient = {}
    for path in world.slipway.outbox.glob("*.eml"):
        raw = path.read_bytes()
        assert MARK not in path.name
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        assert sorted(mail.keys()) == ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To"]
        by_recipient[mail["To"].addresses[0].addr_spec if mail["To"].addresses else raw.split(b"\r\nTo: ")[1].split(b"\r\n")[0].decode()] = mail
        assert len(raw.split(b"\r\nTo: ")[1].split(b"\r\n")[0].split(b",")) == 1
    assert len(by_recipient) == len(TEXTS) + 1
    shape = Tags(by_recipient["admin@plain.example"].get_body(("html",)).get_content()).tags
    for name, sent in world.sent.items():
        mail = by_recipient[sent["admin_email"]]
        company = sent["company_name"]
        assert mail["Subject"] == f"Test App for {company} is ready"[:200]
        assert f"is ready for {company}." in mail.get_body(("plain",)).get_content()
        page = Tags(mail.get_body(("html",)).get_content())
        assert page.tags == shape, name
        assert company in page.text and sent["admin_email"] in page.text
        assert mail.get_body(("html",)).get_content().count(world.tenants[name]["accessUrl"]) == 3


def test_logs(world):
    lines = world.slipway.log.read_text().splitlines()
    assert len(lines) > 20
    keys = set()
    for line in lines:
        entry = json.loads(line)
        assert not has_controls(line), line
        assert "forged" not in entry["message"] and entry["level"] in ("debug", "info", "warn", "error"), line
        keys |= entry.keys()
        # Of what a customer said only the address is in a log; else these are paths that were asked for.
        if MARK in line:
            assert MARK in entry.get("path", "") or entry["message"].startswith("welcome mail sent to "), line
            assert not [name for name, sent in world.sent.items() if sent["company_name"] in strings_of(entry)]
    assert {"time", "level", "message", "request", "path"} <= keys and all(re.fullmatch("[a-z_]+", key) for key in keys)


def test_timelines_answers_and_files(world):
    for name, sent in world.sent.items():
        first, tenant = world.answers[name], world.slipway.tenant(world.id(name))
        assert re.fullmatch(r"r_[0-9a-z]{20}", first.headers["X-Request-Id"])
        assert MARK not in first.headers["Location"] and MARK not in first.json["statusUrl"]
        assert re.fullmatch(r"http://[a-z0-9.-]*localhost:\d+", tenant["accessUrl"])
        for field in ("company_name", "admin_email", "userId", "metadata"):
            assert tenant[field] == sent[field], (name, field)
        timeline = world.slipway.get(f"/v1/tenants/{world.id(name)}/events?limit=1000")
        assert not has_controls(timeline.text) and len(timeline.json["events"]) > 3
        assert [e["message"] for e in timeline.json["events"] if MARK in e["message"]] == [f"welcome mail sent to {sent['admin_email']}"]
    exported = world.slipway.cli("export").stdout
    assert not has_controls(exported)
    rows = {row["subdomain"]: row for row in map(json.loads, exported.splitlines())}
    assert len(rows) == len(TEXTS) + 1
    for sent in world.sent.values():
        assert rows[sent["subdomain"]] == {**sent, "plan": "default"}
    # What was exported is taken again as the same.
    again = subprocess.run([binary(), "--config", world.slipway.config, "import", "-", "--json"], input=exported, text=True,
                           capture_output=True, timeout=60)
    assert again.returncode == 0 and {json.loads(line)["outcome"] for line in again.stdout.splitlines()} == {"already there"}
    audit = world.slipway.get("/v1/audit?limit=1000")
    assert MARK not in audit.text and {e["from"] for e in audit.json["entries"]} <= {"127.0.0.1", "unix"}


def test_tables(world):
    printed = world.slipway.cli("ls").stdout
    assert len(printed.splitlines()) >= len(TEXTS) + 1
    for name in TEXTS:
        shown = world.slipway.cli("show", world.sent[name]["subdomain"]).stdout
        assert MARK in shown
        printed += shown + world.slipway.cli("events", world.sent[name]["subdomain"]).stdout
    assert not re.search("[\u200b\ufeff]", printed)   # what cannot be seen is spelled out
    for command in (["mail"], ["audit"], ["status"], ["keys", "ls"], ["export"], ["ls", "--json"]):
        printed += world.slipway.cli(*command).stdout
    assert not has_controls(printed), has_controls(printed)


def test_metrics(world):
    text = world.slipway.get("/metrics").text
    assert len(text.splitlines()) > 50 and MARK not in text and "evil" not in text
    for line in text.splitlines():
        assert line.startswith("#") or re.fullmatch(r'[a-z_]+(\{([a-z_]+="[^"\\]*",?)*\})? [-+.\w]+', line), line


def test_a_log_for_people_is_one_line_for_each_event(world):
    """Last in this file: the server is started anew with the other kind of log."""
    slipway = world.slipway
    slipway.config.write_text(slipway.config.read_text().replace("log: { level: debug }", "log: { level: debug, format: human }"))
    slipway.stop()
    before = slipway.log.stat().st_size
    slipway.start()
    for name, payload in CONTROLS.items():
        slipway.post("/provision", body_of("refused", company_name=payload))
    raw_request(slipway.api_port, f"GET /{MARK}".encode() + b"\xff\xc2\x9b31m\xe2\x80\xae HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    slipway.get(f"/v1/tenants/{MARK}%0a12:00:00.000%20error%20forged%1b%5b2J")
    text = slipway.log.read_bytes()[before:].decode("utf-8")
    assert f"/{MARK}" in text and not has_controls(text), text
    for line in text.splitlines():
        assert re.match(r"\d\d:\d\d:\d\d\.\d{3} (debug|info|warn|error) ", line), line
