"""The peers that are measured beside Slipway: a plain Node script, JupyterHub. Where one cannot be had, it is said why."""

import hashlib
import http.client
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import sys
import time

from lab import LIMITS, ROOT, container_spec
from machine import free_port, rss_mb, wait_for

HERE = pathlib.Path(__file__).resolve().parent / "peers"
CACHE = ROOT / "build/cache/bench"
INSTALL_LIMIT_SECONDS = 900


LEFT_OUT = "left out by --without"


class Missing(Exception):
    """A peer that cannot be had on this machine."""


def installed(name, files, commands):
    """A folder of build/cache/bench in which the commands were run after copying the files; once for these files."""
    place = CACHE / name
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    note = place / "installed"
    if note.exists() and note.read_text() == digest:
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for path in files:
        shutil.copy(path, place)
    for command in commands:
        if not shutil.which(command[0]) and not (place / command[0]).exists():
            raise Missing(f"{command[0]} is not installed (tools/packages.txt, group bench)")
        print(f"  {name}: {' '.join(command)}", file=sys.stderr, flush=True)
        try:
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=INSTALL_LIMIT_SECONDS)
        except subprocess.TimeoutExpired as late:
            raise Missing(f"{' '.join(command)}: took more than {INSTALL_LIMIT_SECONDS} s") from late
        if done.returncode != 0:
            raise Missing(f"{' '.join(command)}: {(done.stderr or done.stdout)[-400:]}")
    note.write_text(digest)
    return place


def npm_install():
    # Where Node's own headers are installed, native modules need nothing from outside the registry.
    command = ["npm", "ci", "--omit=dev", "--no-audit", "--no-fund"]
    return command + ["--nodedir=/usr"] if pathlib.Path("/usr/include/node/node.h").exists() else command


def ask(port, method, path, body=None, headers=None, timeout=120):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, json.dumps(body) if body is not None else None,
                           {"Content-Type": "application/json", **(headers or {})})
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, text
    finally:
        connection.close()


def install_node():
    return installed(NodeScript.FOLDER, [HERE / "node" / name for name in ("package.json", "package-lock.json",
                                                                           "provision.js")], [npm_install()])


def install_hub():
    names = ("requirements.txt", "package.json", "package-lock.json", "jupyterhub_config.py")
    return installed(JupyterHub.FOLDER, [HERE / "jupyterhub" / name for name in names], [
        ["/usr/bin/python3", "-m", "venv", "venv"],
        ["venv/bin/pip", "install", "--disable-pip-version-check", "-r", "requirements.txt"], npm_install()])


def install_peers():
    """Whether all of them could be had; it is said why one could not."""
    done = True
    for install in (install_node, install_hub):
        try:
            install()
        except Missing as why:
            print(f"  !!! {why}", file=sys.stderr)
            done = False
    return done


class NodeScript:
    """bench/peers/node: every step after the other, in the process that answers."""

    FOLDER = "node"

    def __init__(self, lab, network):
        self.place = install_node()
        self.directory = lab.place / f"node-{secrets.token_hex(3)}"
        (self.directory / "mail").mkdir(parents=True)
        self.port = free_port()
        gateway = lab.engine.call("GET", f"/networks/{network}")["IPAM"]["Config"][0]["Gateway"]
        settings = {"engine": lab.engine.path, "postgres": lab.postgres.url(), "port": self.port, "firstPort": 28000,
                    "tenantDatabase": f"{gateway}:{lab.postgres.port}", "container": container_spec(network),
                    "ledger": str(self.directory / "ledger.db"), "mail": str(self.directory / "mail")}
        config = self.directory / "config.json"
        config.write_text(json.dumps(settings))
        self.process = subprocess.Popen(["node", self.place / "provision.js", config], stdout=subprocess.DEVNULL)
        wait_for(lambda: ask(self.port, "GET", "/")[0] == 200, "the Node script answers")

    def sign_up(self, subdomain):
        body = {"admin_email": "bench@example.com", "subdomain": subdomain, "company_name": "Bench"}
        status, text = ask(self.port, "POST", "/provision", body)
        if status != 200:
            raise RuntimeError(f"the Node script answered {status}: {text[:300]}")
        return json.loads(text)["tenantId"]

    def remove(self, tenant):
        status, text = ask(self.port, "DELETE", f"/{tenant}")
        if status != 200:
            raise RuntimeError(f"the Node script answered {status} to a removal: {text[:300]}")

    def cold(self, number):
        began = time.perf_counter()
        tenant = self.sign_up(f"cold-{number}")
        took = (time.perf_counter() - began) * 1000
        self.remove(tenant)
        return took

    def memory(self):
        return rss_mb(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class JupyterHub:
    """A hub with its proxy and the Docker spawner; its users share one database, for it makes none."""

    FOLDER = "jupyterhub"

    def __init__(self, lab, network):
        self.place = install_hub()
        self.directory = lab.place / f"hub-{secrets.token_hex(3)}"
        self.directory.mkdir()
        self.port, self.token = free_port(), secrets.token_hex(16)
        gateway = lab.engine.call("GET", f"/networks/{network}")["IPAM"]["Config"][0]["Gateway"]
        settings = {"port": self.port, "hubPort": free_port(), "proxyPort": free_port(), "token": self.token,
                    "directory": str(self.directory), "container": container_spec(network), "limits": LIMITS,
                    "proxy": str(self.place / "node_modules/.bin/configurable-http-proxy"),
                    "databaseUrl": lab.postgres.shared_url(gateway)}
        config = self.directory / "settings.json"
        config.write_text(json.dumps(settings))
        self.log = open(self.directory / "hub.log", "w+")
        self.process = subprocess.Popen(
            [self.place / "venv/bin/jupyterhub", "-f", self.place / "jupyterhub_config.py"], cwd=self.directory,
            stdout=self.log, stderr=self.log,
            env={**os.environ, "BENCH_HUB_SETTINGS": str(config), "DOCKER_HOST": f"unix://{lab.engine.path}"})
        try:
            wait_for(lambda: self.process.poll() is not None or self.call("GET", "/users")[0] == 200, "the hub answers", 90)
        except RuntimeError as late:
            self.process.kill()
            raise Missing(f"it did not start: {self.said()}") from late
        if self.process.poll() is not None:
            raise Missing(f"it ended: {self.said()}")

    def said(self):
        """The last traceback's end, or what came last."""
        text = (self.directory / "hub.log").read_text()
        before, _, trace = text.rpartition("Traceback")
        return trace.split("[E")[0][-600:] if before else text[-600:]

    def call(self, method, path, body=None):
        return ask(self.port, method, "/hub/api" + path, body, {"Authorization": f"token {self.token}"})

    def sign_up(self, name):
        status, text = self.call("POST", f"/users/{name}")
        if status == 201:
            status, text = self.call("POST", f"/users/{name}/server")
        if status != 201:
            raise RuntimeError(f"the hub answered {status}: {text[:300]} {self.said()}")
        # Through the proxy. The sample app knows no path of a hub's, so that any answer of its own proves the way.
        status, _ = ask(self.port, "GET", f"/user/{name}/healthz")
        if status >= 500:
            raise RuntimeError(f"the hub's proxy answered {status} for a server that is ready")
        return name

    def remove(self, name):
        self.call("DELETE", f"/users/{name}/server")
        wait_for(lambda: self.call("DELETE", f"/users/{name}")[0] in (204, 404), "the hub's user is gone")

    def cold(self, number):
        began = time.perf_counter()
        name = self.sign_up(f"cold{number}")
        took = (time.perf_counter() - began) * 1000
        self.remove(name)
        return took

    def memory(self):
        """Hub and proxy."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(rss_mb(pid) for pid in [self.process.pid, *map(int, children)])

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


class Peers:
    KINDS = {"Node script": NodeScript, "JupyterHub": JupyterHub}

    def __init__(self, lab, without=(), install=True):
        self.lab, self.without, self.install, self.running, self.missing = lab, without, install, [], {}

    def started(self, name, network):
        """(peer, None), or (None, why there is none)."""
        if name in self.without:
            return None, LEFT_OUT
        if name not in self.missing:
            try:
                if not self.install and not (CACHE / self.KINDS[name].FOLDER / "installed").exists():
                    raise Missing("it is not installed yet (bench/run installs it)")
                peer = self.KINDS[name](self.lab, network)
                self.running.append(peer)
                return peer, None
            except (Missing, OSError) as error:
                self.missing[name] = str(error)
                print(f"\n  !!! {name} is NOT RUN: {error}\n", file=sys.stderr, flush=True)
        return None, self.missing[name]

    def stop(self):
        while self.running:
            self.running.pop().stop()
