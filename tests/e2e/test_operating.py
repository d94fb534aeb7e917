"""What an operator sees: a real Prometheus with the shipped rules and dashboard, the page of metrics, status, logs."""

import json
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import urllib.parse

import pytest

from world import ROOT, binary, free_port, request, wait_until

DASHBOARD = ROOT / "deploy/grafana/slipway.json"
RULES = ROOT / "deploy/prometheus/alerts.yml"
# The app ends at once for one subdomain and serves for all others.
PICKY = ["sh", "-c", "case $SUBDOMAIN in bad) exit 7;; *) exec busybox httpd -f -p 8080 -h /www;; esac"]


def program(name):
    """As installed, or as tools/setup.sh has unpacked it."""
    path = shutil.which(name) or ROOT / "build/cache/prometheus/usr/bin" / name
    if not pathlib.Path(path).exists():
        pytest.skip(f"{name} is missing: ./check --only setup unpacks it")
    return path


class Prometheus:
    """Scrapes one Slipway each second; its configuration is the shipped one with another target and shorter intervals."""

    def __init__(self, directory, slipway):
        self.port = free_port()
        config = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
        config = config.replace("127.0.0.1:8080", f"127.0.0.1:{slipway.api_port}").replace("15s", "1s").replace("alerts.yml", str(RULES))
        (directory / "prometheus.yml").write_text(config)
        key = slipway.cli("keys", "create", "--scope", "metrics", "prometheus").stdout
        (directory / "slipway.key").write_text(key)
        self.log = open(directory / "prometheus.log", "wb")
        self.process = subprocess.Popen(
            [program("prometheus"), f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/tsdb",
             f"--web.listen-address=127.0.0.1:{self.port}"], stdout=self.log, stderr=self.log)

    def get(self, path):
        return request("GET", f"http://127.0.0.1:{self.port}{path}")

    def query(self, expression):
        answer = self.get("/api/v1/query?query=" + urllib.parse.quote(expression))
        assert answer.status == 200, f"{expression}: {answer.text}"
        return answer.json["data"]["result"]

    def ready(self):
        """Until then it listens already, and answers 503."""
        try:
            return self.get("/-/ready").status == 200
        except OSError:
            return False

    def sees_slipway(self):
        try:
            return self.ready() and [sample for sample in self.query("slipway_provisionings_total") if sample["value"][1] == "0"]
        except OSError:
            return False

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
        self.log.close()


def metric_names(expression):
    names = re.findall(r"\b(?:slipway|process)_[a-z_]+", re.sub(r'"[^"]*"', "", expression))
    return {re.sub("_(bucket|sum|count)$", "", name) for name in names}


def dashboard_queries():
    return [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]


@pytest.fixture()
def picky(make_server, docker, busybox_image):
    return make_server(image=busybox_image, docker=docker, health="/", command=PICKY).start()


def test_prometheus_scrapes_alerts_and_fills_the_dashboard(picky, place):
    prometheus = Prometheus(place, picky)
    try:
        wait_until(prometheus.sees_slipway, "Prometheus has scraped Slipway", interval=0.2)
        good = picky.provision("good")
        assert picky.sign_up("bad", wait=60).json["status"] == "failed"

        def firing():
            alerts = prometheus.get("/api/v1/alerts").json["data"]["alerts"]
            return [a for a in alerts if a["labels"]["alertname"] == "SlipwayProvisioningFailed" and a["state"] == "firing"]

        [alert] = wait_until(firing, "the alert of failed provisionings fires", interval=0.2)
        assert alert["labels"]["severity"] == "critical"

        def evaluated():
            [group] = prometheus.get("/api/v1/rules").json["data"]["groups"]
            return group["rules"] if all(rule["health"] != "unknown" for rule in group["rules"]) else None

        rules = wait_until(evaluated, "every rule was evaluated", interval=0.2)
        assert len(rules) >= 9
        assert {rule["name"]: rule["health"] for rule in rules if rule["health"] != "ok"} == {}

        queries = dashboard_queries()
        assert len(queries) >= 20
        for expression in queries:
            assert wait_until(lambda e=expression: prometheus.query(e), f"a value of {expression}", 20, 0.2)

        # A name that does not exist would make an alert that never fires.
        shown = set(re.findall(r"^# TYPE (\S+)", picky.get("/metrics").text, re.MULTILINE))
        asked = set().union(*(metric_names(e) for e in queries + [rule["query"] for rule in rules]))
        assert len(asked) > 10 and asked <= shown, asked - shown

        [running] = prometheus.query("time() - process_start_time_seconds")
        assert 0 <= float(running["value"][1]) < 300
        [memory] = prometheus.query("process_resident_memory_bytes")
        assert 1 << 20 < float(memory["value"][1]) < 256 << 20
        [active] = prometheus.query('slipway_tenants{status="active"}')
        assert active["value"][1] == "1"
        assert good["tenantId"] not in picky.get("/metrics").text
    finally:
        prometheus.stop()


def test_every_alert_fires_when_it_must_and_not_before(place):
    names = set(re.findall(r"- alert: (\w+)", RULES.read_text()))
    tested = set(re.findall(r"alertname: (\w+)", (ROOT / "deploy/prometheus/alerts_test.yml").read_text()))
    assert names == tested
    shutil.copytree(RULES.parent, place / "prometheus")
    (place / "prometheus/slipway.key").write_text("the key")     # promtool asks for every file that is named
    for arguments in (["check", "config", place / "prometheus/prometheus.yml"],
                      ["test", "rules", place / "prometheus/alerts_test.yml"]):
        done = subprocess.run([program("promtool"), *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_of_metrics_is_what_a_living_slipway_shows(picky):
    picky.provision("good")
    page = (ROOT / "docs/operating/metrics.md").read_text()
    documented = set(re.findall(r"^\| `(\w+)`", page, re.MULTILINE))
    shown = set(re.findall(r"^# TYPE (\S+)", picky.get("/metrics").text, re.MULTILINE))
    assert documented == shown
    status = picky.cli("status").stdout
    assert re.search(r"active +1\n", status) and re.search(r"sign-up to ready +p50 .* \(1 in the last 24 h\)", status)


def test_logs_are_json_with_ids_in_a_file_and_words_on_a_terminal(picky):
    answer = picky.sign_up("good", wait=60)
    tenant, request_id = answer.json["tenantId"], answer.headers["X-Request-Id"]
    lines = [json.loads(line) for line in picky.log.read_text().splitlines()]
    assert all({"time", "level", "message"} <= line.keys() for line in lines)
    of_request = [line for line in lines if line.get("request") == request_id]
    assert [line["message"] for line in of_request] == ["signed up", "answered"]
    assert of_request[0]["tenant"] == tenant and of_request[1]["status"] == "200"
    assert "tenant is active" in [line["message"] for line in lines if line.get("tenant") == tenant]
    assert picky.stop() == 0

    terminal, inner = pty.openpty()
    process = subprocess.Popen([binary(), "serve", "--config", picky.config], stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    try:
        seen = b""
        while b"Slipway is ready" not in seen:
            assert select.select([terminal], [], [], 60)[0], seen
            piece = os.read(terminal, 65536)
            assert piece, seen
            seen += piece
        assert re.search(rb"\d\d:\d\d:\d\d\.\d{3} .*info.* Slipway is ready  api=http://", seen), seen
        assert b"{" not in seen
    finally:
        process.terminate()
        process.wait(40)
        os.close(terminal)
