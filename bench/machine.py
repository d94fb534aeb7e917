"""The things that a benchmark starts, asks and takes away again. Standard library only."""

import ctypes
import ctypes.util
import http.client
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import time


def wait_for(condition, what, deadline=60.0):
    end = time.monotonic() + deadline
    while True:
        try:
            value = condition()
            if value:
                return value
        except OSError:
            pass
        if time.monotonic() > end:
            raise RuntimeError(f"not within {deadline} s: {what}")
        select.select([], [], [], 0.002)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def free_port_of(ports):
    """One of these, none of which the system gives out by itself."""
    for port in ports:
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError(f"none of the ports {ports} is free")


def rss_mb(pid):
    """Resident memory in MiB."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024


class Engine:
    """The raw Engine API over its socket, one kept connection."""

    def __init__(self):
        host = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
        self.path = host.removeprefix("unix://")
        self._connect()

    def _connect(self):
        self.connection = http.client.HTTPConnection("localhost")
        self.connection.sock = socket.socket(socket.AF_UNIX)
        self.connection.sock.connect(self.path)

    @staticmethod
    def another():
        """A connection of its own: one exchange at a time is all that one can do."""
        return Engine()

    def call(self, method, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        if select.select([self.connection.sock], [], [], 0)[0]:  # the Engine ends a connection that has long been idle
            self._connect()
        self.connection.request(method, "/v1.41" + path, data, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:200]}")
        return json.loads(text) if text else None


class Connection:
    """libpq's simplest calls: enough for statements that return nothing."""

    def __init__(self, conninfo):
        pq = ctypes.CDLL(ctypes.util.find_library("pq"))
        for name in ("PQconnectdb", "PQexec"):
            getattr(pq, name).restype = ctypes.c_void_p
        pq.PQerrorMessage.restype = ctypes.c_char_p
        self.pq, self.handle = pq, ctypes.c_void_p(pq.PQconnectdb(conninfo.encode()))
        if pq.PQstatus(self.handle) != 0:
            raise OSError(pq.PQerrorMessage(self.handle).decode())

    def execute(self, statement):
        result = ctypes.c_void_p(self.pq.PQexec(self.handle, statement.encode()))
        status = self.pq.PQresultStatus(result)
        self.pq.PQclear(result)
        if status not in (1, 2):
            raise RuntimeError(self.pq.PQerrorMessage(self.handle).decode())

    def close(self):
        self.pq.PQfinish(self.handle)


class Postgres:
    """A server that Slipway and the floor share."""

    def __init__(self, directory):
        self.directory, self.port = directory, free_port()
        bindir = subprocess.run(["pg_config", "--bindir"], capture_output=True, text=True).stdout.strip()
        self.bindir = pathlib.Path(bindir if (pathlib.Path(bindir) / "initdb").exists() else "/usr/lib/postgresql/15/bin")
        self.user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        self.process = None
        self.shared = False

    def start(self):
        self.directory.mkdir()
        if self.user:
            shutil.chown(self.directory, "postgres", "postgres")
        cluster = self.directory / "cluster"
        subprocess.run([self.bindir / "initdb", "-D", cluster, "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8"],
                       check=True, stdout=subprocess.DEVNULL, cwd="/", **self.user)
        with open(cluster / "pg_hba.conf", "w") as hba:
            hba.write("local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost sameuser all all scram-sha-256\n")
        self.process = subprocess.Popen(
            [self.bindir / "postgres", "-D", cluster, "-p", str(self.port), "-k", str(self.directory), "-c",
             "listen_addresses=*", "-c", "shared_buffers=16MB"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self.user)
        wait_for(lambda: self.connect(), "Postgres answers").close()

    def connect(self):
        return Connection(f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres")

    def shared_url(self, host):
        """A database that apps may share, for those who are not given one of their own."""
        if not self.shared:
            connection = self.connect()
            connection.execute("CREATE ROLE shared LOGIN PASSWORD 'shared'")
            connection.execute("CREATE DATABASE shared OWNER shared TEMPLATE template0")
            connection.close()
            self.shared = True
        return f"postgresql://shared:shared@{host}:{self.port}/shared"

    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:  # its last checkpoint takes long on a busy disk, and nobody needs it
                self.process.send_signal(signal.SIGQUIT)
                self.process.wait(30)


class Slipway:
    """One Slipway of its own. `engine_path` is another socket to reach the engine by."""

    NO_KEY = "none yet"

    def __init__(self, binary, directory, postgres, engine, ports=(27000, 27999), engine_path=None):
        self.binary, self.directory, self.engine, self.ports = binary, directory, engine, ports
        self.port = free_port_of(range(9000, 9999))
        self.network = f"slipway-bench-{os.getpid()}-{directory.name}"
        self.process = None
        self.key = self.NO_KEY
        directory.mkdir()
        (directory / "slipway.yaml").write_text(f"""
app:
  image: automation-app:1
  port: 8080
  health: {{ path: /healthz }}
  read_only: true
  env: {{ DATABASE_URL: "{{{{ db.url }}}}", COMPANY_NAME: "{{{{ company_name }}}}", TENANT_ID: "{{{{ tenant.id }}}}" }}
access: {{ domain: localhost, ports: {ports[0]}-{ports[1]} }}
runtime: {{ driver: docker, docker: {{ host: "unix://{engine_path or engine.path}", network: {self.network} }} }}
database: {{ url: "{postgres.url()}" }}
mail: {{ driver: outbox, from: bench@example.com, outbox: {{ directory: {directory}/mail }} }}
api: {{ listen: "127.0.0.1:{self.port}" }}
limits: {{ sign_ups_per_key: 0, sign_ups_per_address: 0 }}
log: {{ level: error }}
data_dir: {directory}/data
""")

    def start(self):
        """Returns how long it took until it said that it is ready, in seconds."""
        began = time.perf_counter()
        self.process = subprocess.Popen([self.binary, "serve", "--config", self.directory / "slipway.yaml"])
        wait_for(lambda: self.call("GET", "/readyz")[0] == 200, "Slipway is ready")
        took = time.perf_counter() - began
        if self.key == self.NO_KEY:
            self.make_key()
        return took

    def make_key(self):
        made = subprocess.run([self.binary, "--config", self.directory / "slipway.yaml", "keys", "create", "--scope",
                               "admin", "bench"], capture_output=True, text=True, check=True)
        self.key = made.stdout.strip()

    def call(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        bearer = {} if self.key == self.NO_KEY else {"Authorization": f"Bearer {self.key}"}
        connection.request(method, path, json.dumps(body) if body else None, {"Content-Type": "application/json", **bearer})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text)

    def delete(self, tenant):
        self.call("DELETE", f"/v1/tenants/{tenant}")
        wait_for(lambda: self.call("GET", f"/v1/tenants/{tenant}")[1]["status"] == "deleted", "the tenant is deleted")

    def cpu_seconds(self):
        """Of all its threads so far; the kernel counts nanoseconds here, and only hundredths elsewhere."""
        total = 0
        for thread in pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"):
            try:
                total += int(thread.read_text().split()[0])
            except OSError:
                continue
        return total / 1e9

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(40)

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def destroy(self):
        if self.process and self.process.poll() is None:
            try:
                for tenant in self.call("GET", "/v1/tenants?status=active&limit=1000")[1]["tenants"]:
                    self.delete(tenant["tenantId"])
                self.stop()
            except (OSError, KeyError, RuntimeError, subprocess.TimeoutExpired):  # it was on its way up or down
                self.kill()
        # What an error left behind.
        left = subprocess.run(["docker", "ps", "-aq", "--filter", f"network={self.network}"], capture_output=True,
                              text=True).stdout.split()
        if left:
            subprocess.run(["docker", "rm", "-fv", *left], capture_output=True)
        subprocess.run(["docker", "network", "rm", self.network], capture_output=True)
