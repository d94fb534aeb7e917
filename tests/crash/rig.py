"""One real server that is killed again and again, and what can be seen of its world from outside."""

import hashlib
import hmac
import http.client
import json
import os
import sqlite3
import subprocess
import time
import urllib.parse

from points import Points
from world import PATIENCE, Server, request, select_pause

LOOK_SECONDS = 0.3
APP = """case $SUBDOMAIN in f*) h=$${DATABASE_URL#*@}
busybox wget -q -O /dev/null http://$${h%%:*}:PORT/ || exit 7;; esac
exec busybox httpd -f -p 8080 -h /www"""


class Rig:
    """A Slipway on Docker with a Postgres, an outbox and a ledger of its own. The app of a subdomain that begins with f
    ends at once unless something answers at `flag_port`."""

    def __init__(self, directory, docker, image, library, flag_port, first_port):
        self.docker_socket = docker.socket().removeprefix("unix://")
        mail = (f'mail: {{ driver: outbox, from: "Test <hello@app.example>", operator: ops@app.example, '
                f'outbox: {{ directory: {directory}/mail }} }}')
        self.server = Server(directory, image=image, docker=docker, health="/", mail=mail,
                             volumes=[{"name": "data", "path": "/data"}], first_port=first_port,
                             command=["sh", "-c", APP.replace("PORT", str(flag_port))])
        # No sweep may tidy up before the test has looked.
        text = self.server.config.read_text()
        self.server.config.write_text(text.replace("sweep_interval: 2s, orphan_grace: 3s", "orphan_grace: 6h"))
        self.points = Points(library, directory)
        self.server.env = self.points.environment(self.server.outbox)
        self.number = 0

    def start(self):
        self.server.start()

    def next_subdomain(self, letter):
        self.number += 1
        return f"{letter}{self.number}"

    # What is done to it.

    def ask(self, method, path, body=None, headers=None):
        """The answer, or nothing where the server died meanwhile."""
        try:
            return self.server.ask(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            return None

    def until_killed(self, is_done, deadline):
        """True when the server has been killed at its point; false when all is done and it passes no more points."""
        end, seen, look_at, quiet = time.monotonic() + deadline * PATIENCE, -1, time.monotonic() + LOOK_SECONDS, 0
        while time.monotonic() < end:
            if self.server.process.poll() is not None:
                assert self.points.killed(), f"the server ended by itself: {self.server.log.read_text()[-2000:]}"
                return True
            if time.monotonic() >= look_at:
                now = len(self.points.noted())
                quiet, seen, look_at = (quiet + 1 if now == seen else 0), now, time.monotonic() + LOOK_SECONDS
                if quiet >= 2 and is_done():
                    return False
            select_pause(0.005)
        return False

    # What is to be seen of it.

    def docker(self, method, path, filters=None):
        if filters:
            path += ("&" if "?" in path else "?") + "filters=" + urllib.parse.quote(json.dumps(filters))
        return request(method, "http://docker" + path, unix=self.docker_socket)

    def containers(self, label):
        return self.docker("GET", "/containers/json?all=1", {"label": [label]}).json

    def volumes(self, label):
        return [v["Name"] for v in self.docker("GET", "/volumes", {"label": [label]}).json["Volumes"] or []]

    def catalogue(self, part):
        """Databases and roles whose name holds this."""
        key = (self.server.data / "master.key").read_text().strip()
        password = hmac.new(key.encode(), b"postgres/v1/superuser", hashlib.sha256).hexdigest()
        statement = (f"SELECT 'database ' || datname FROM pg_database WHERE strpos(datname, '{part}') > 0 UNION ALL "
                     f"SELECT 'role ' || rolname FROM pg_roles WHERE strpos(rolname, '{part}') > 0")
        done = subprocess.run(
            ["psql", "-XAtq", "-h", "127.0.0.1", "-p", str(self.server.database_port), "-U", "slipway", "-d", "postgres",
             "-c", statement], capture_output=True, text=True, timeout=30, env={**os.environ, "PGPASSWORD": password})
        # A server that is busy may refuse; that is a finding only where it stays so.
        return sorted(done.stdout.split("\n")[:-1]) if done.returncode == 0 else [done.stderr.strip()]

    def ledger(self, sql, *arguments):
        connection = sqlite3.connect(f"file:{self.server.data}/ledger.db?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, arguments).fetchall()
        finally:
            connection.close()

    def mails(self):
        """The outbox's files, unfinished ones too."""
        return sorted(path.name for path in self.server.outbox.iterdir()) if self.server.outbox.exists() else []

    # What is wrong with it.

    def wrong(self, tenant, status, mails):
        """How the world differs from a tenant that has this status and was sent these mails: exactly one of each, or,
        of a tenant that is gone, nothing."""
        key, body = tenant["id"], tenant["id"].removeprefix("t_")
        label, gone = f"slipway.tenant={key}", status in ("deleted", "failed")
        rows = self.ledger("SELECT id, status FROM tenants WHERE user_id = ?", tenant["user"])
        wrong = [] if rows == [(key, status)] else [f"ledger: {rows or 'no row'}, not {status}"]
        states = [c["State"] for c in self.containers(label)]
        wanted = [] if gone else ["exited" if status == "suspended" else "running"]
        if states != wanted:
            wrong.append(f"Docker: containers {states}, not {wanted}")
        if len(self.volumes(label)) != (0 if gone else 1):
            wrong.append(f"Docker: volumes {self.volumes(label)}")
        found = [line.split()[0] for line in self.catalogue(body)]
        if found != ([] if gone else ["database", "role"]):
            wrong.append(f"Postgres: {found or 'nothing'}")
        outbox = [name for name in self.mails() if key in name or name.startswith(".")]
        wanted_mails = sorted(f"{key}+{purpose}+1.eml" for purpose in mails)
        if outbox != wanted_mails:
            wrong.append(f"outbox: {outbox}, not {wanted_mails}")
        ports = self.ledger("SELECT port FROM ports WHERE tenant_id = ?", key)
        if len(ports) != (0 if gone else 1):
            wrong.append(f"ledger: ports {ports}")
        if status == "active" and not wrong:
            wrong += self.wrong_url(tenant, ports[0][0])
        return wrong

    def wrong_url(self, tenant, port):
        if tenant.setdefault("port", port) != port:
            return [f"the URL moved from port {tenant['port']} to {port}"]
        try:
            answer = request("GET", f"http://localhost:{port}/", timeout=5)
            return [] if answer.status == 200 else [f"the URL answers {answer.status}"]
        except OSError as error:
            return [f"the URL does not answer: {error}"]

    def settle(self, tenant, status, mails, deadline):
        """Waits until nothing is wrong; what still is at the deadline."""
        end = time.monotonic() + deadline * PATIENCE
        while True:
            wrong = self.wrong(tenant, status, mails)
            if not wrong or time.monotonic() > end:
                return wrong
            select_pause(0.03)

    def left_over(self):
        """What is still there of this installation, other than its network."""
        installation = self.server.installation()
        label = f"slipway.installation={installation}"
        found = [c["Names"][0] for c in self.containers(label)] + self.volumes(label) + self.catalogue(f"sw_{installation}_")
        found += [name for name in self.mails() if name.startswith(".")]
        return found + [f"port {port}" for (port,) in self.ledger("SELECT port FROM ports WHERE status = 'leased'")]
