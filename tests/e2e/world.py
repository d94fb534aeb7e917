"""What the end-to-end tests do to the world and see of it."""

import http.client
import io
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tarfile
import time
import urllib.parse

import secrets_search

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = float(os.environ.get("SLIPWAY_TEST_PATIENCE", "1"))   # times every deadline, for a machine that is busy
DEADLINE = 60.0
# Servers take turns with ports, each worker of pytest-xdist with ports of its own.
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORT_BLOCKS = 80
_numbers = itertools.count(os.getpid())


def network_name(kind, number):
    """Of a Docker network of one test's; by the name of its run ./check finds what is left when it is interrupted."""
    return f"slipway-{kind}-{os.environ.get('SLIPWAY_CHECK', 'by-hand')}-{os.getpid()}-{number}"


def binary():
    return pathlib.Path(os.environ.get("SLIPWAY_BIN", ROOT / "build/dev/src/app/slipway"))


def wait_until(condition, what, deadline=DEADLINE, interval=0.02):
    """Waits for a condition, with a deadline; returns its first true value. `what` is words, or says them in the end."""
    end = time.monotonic() + deadline * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline * PATIENCE:g} s: {what() if callable(what) else what}")
        select_pause(interval)


def select_pause(seconds):
    """A pause between two looks at the world; never the thing that a test relies on."""
    import select

    select.select([], [], [], seconds)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.text = status, headers, body.decode("utf-8", "replace")

    @property
    def json(self):
        return json.loads(self.text)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def request(method, url, body=None, headers=None, timeout=DEADLINE * PATIENCE, unix=None):
    parts = urllib.parse.urlsplit(url)
    connection = UnixConnection(unix, timeout) if unix else http.client.HTTPConnection(
        "127.0.0.1", parts.port, timeout=timeout)
    headers = dict(headers or {})
    headers.setdefault("Host", parts.netloc)
    if isinstance(body, dict):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    try:
        target = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, target, body, headers)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


class Docker:
    """The engine, through its command-line client."""

    def run(self, *arguments, check=True, **options):
        return subprocess.run(["docker", *map(str, arguments)], check=check, capture_output=True, text=True, **options)

    def answers(self):
        return shutil.which("docker") is not None and self.run("version", check=False).returncode == 0

    def socket(self):
        return os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")

    def containers(self, tenant=None, installation=None):
        filters = []
        if tenant:
            filters += ["--filter", f"label=slipway.tenant={tenant}"]
        if installation:
            filters += ["--filter", f"label=slipway.installation={installation}"]
        return self.run("ps", "-aq", "--no-trunc", *filters).stdout.split()

    def volumes(self, tenant):
        return self.run("volume", "ls", "-q", "--filter", f"label=slipway.tenant={tenant}").stdout.split()

    def inspect(self, name):
        return json.loads(self.run("inspect", name).stdout)[0]

    def environment(self, name, missing_ok=False):
        found = self.run("inspect", name, check=not missing_ok)
        if found.returncode != 0:
            return {}
        return dict(pair.split("=", 1) for pair in json.loads(found.stdout)[0]["Config"]["Env"])

    def import_image(self, tag, files, *changes):
        """An image FROM scratch with these files: path inside -> path outside or bytes."""
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as tar:
            for inside, content in files.items():
                data = content if isinstance(content, bytes) else pathlib.Path(content).read_bytes()
                info = tarfile.TarInfo(inside)
                info.size, info.mode = len(data), 0o755
                tar.addfile(info, io.BytesIO(data))
        arguments = [argument for change in changes for argument in ("-c", change)]
        subprocess.run(["docker", "import", *arguments, "-", tag], input=archive.getvalue(), check=True,
                       capture_output=True)
        return tag


def build_sample_image(docker):
    done = subprocess.run([ROOT / "examples/automation-app/build-image"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return "automation-app:1"


def build_busybox_image(docker):
    """A shell to look around with from inside a tenant; serves its health page with busybox's own HTTP server."""
    busybox = pathlib.Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    return docker.import_image(
        "slipway-e2e-busybox:1",
        {"bin/busybox": busybox, "bin/sh": busybox, "www/index.html": b"well\n", "etc/passwd": b"root:x:0:0::/:/bin/sh\n"},
        'ENTRYPOINT ["/bin/busybox"]', 'CMD ["httpd", "-f", "-p", "8080", "-h", "/www"]')


def without_password(url):
    """The URL without its password, and the environment that has it: what is in an argument, everyone can read."""
    parts = urllib.parse.urlsplit(url)
    environment = dict(os.environ)
    environment.pop("PGPASSWORD", None)
    if parts.password:
        environment["PGPASSWORD"] = urllib.parse.unquote(parts.password)
    bare = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@"))
    return urllib.parse.urlunsplit(bare), environment


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    """One Slipway of its own: directory, ports, network, Postgres."""

    def __init__(self, directory, image="none:1", docker=None, runtime="docker", app="", extra="", command=None,
                 health="/healthz", plans="", mail=None, limits="", first_port=None, volumes=None, database_env=True,
                 ports=30):
        number = WORKER * PORT_BLOCKS + next(_numbers) % PORT_BLOCKS
        self.key = None
        self.env = {}        # of the process, beside the test's own
        self.keys, self.answers, self.printed = [], [], []   # what the search for secrets looks at
        self.planted = False
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.directory.chmod(0o755)
        self.docker = docker
        self.first_port = first_port or 22000 + number * 40
        self.api_port = free_port()
        self.database_port = free_port()
        self.network = network_name("e2e", number)
        self.data = self.directory / "data"
        self.outbox = self.directory / "mail"
        self.log = self.directory / "serve.log"
        self.process = None
        env = '    DATABASE_URL: "{{ db.url }}"\n' if database_env else ""
        self.config = self.directory / "slipway.yaml"
        self.config.write_text(f"""
app:
  name: Test App
  image: {image}
  port: 8080
  health: {{ path: {health} }}
  start_timeout: {30 * PATIENCE:.0f}s
  stop_timeout: 2s
  {"command: " + json.dumps(command) if command else ""}
  {"volumes: " + json.dumps(volumes) if volumes else ""}
  env:
{env}    COMPANY_NAME: "{{{{ company_name }}}}"
    TENANT_ID: "{{{{ tenant.id }}}}"
    SUBDOMAIN: "{{{{ subdomain }}}}"
{app}
access: {{ domain: localhost, ports: {self.first_port}-{self.first_port + ports - 1} }}
runtime:
  driver: {runtime}
  docker: {{ host: "{docker.socket() if docker else 'unix:///var/run/docker.sock'}", network: {self.network} }}
database: {{ managed: {{ port: {self.database_port} }} }}
{mail or f'mail: {{ driver: outbox, from: "Test App <hello@app.example>", outbox: {{ directory: {self.outbox} }} }}'}
api: {{ listen: "127.0.0.1:{self.api_port}" }}
limits: {{ sweep_interval: 2s, orphan_grace: 3s, sign_ups_per_address: 0, sign_ups_per_key: 0{', ' + limits if limits else ''} }}
data_dir: {self.data}
{plans}
{extra}
""")

    # The process.

    def start(self, ready=True):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([binary(), "serve", "--config", self.config], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, env={**os.environ, **self.env})
        if ready:
            wait_until(self.is_ready, f"the server is ready; its log: {self.log}", 60)
            if not self.key:
                self.key = self.make_key("admin")
        return self

    def make_key(self, scope):
        """A new API key, made as an operator makes one: over the socket."""
        answer = request("POST", "http://slipway/v1/keys", {"name": "tests", "scope": scope}, unix=str(self.data / "slipway.sock"))
        assert answer.status == 201, answer.text
        self.keys.append(answer.json["key"])
        return answer.json["key"]

    def is_ready(self):
        assert self.process.poll() is None, f"serve ended with {self.process.returncode}: {self.log.read_text()}"
        try:
            return self.get("/readyz").status == 200
        except OSError:
            return False

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)

    def kill(self):
        self.process.kill()
        self.process.wait(20)

    def restart(self):
        self.stop()
        return self.start()

    def destroy(self):
        found = secrets_search.search(self)
        if not self.planted:
            secrets_search.RUN.add(found)
        if self.process and self.process.poll() is None:
            self.kill()
        installation = self.installation()
        if self.docker and installation:
            containers = self.docker.containers(installation=installation)
            if containers:
                self.docker.run("rm", "-fv", *containers, check=False)
            volumes = self.docker.run("volume", "ls", "-q", "--filter",
                                      f"label=slipway.installation={installation}").stdout.split()
            if volumes:
                self.docker.run("volume", "rm", "-f", *volumes, check=False)
            self.docker.run("network", "rm", self.network, check=False)
        if (self.data / "processes").exists():
            self._end_processes()
        subprocess.run([binary(), "database", "stop", "--config", self.config], capture_output=True, check=False)
        return found

    def _end_processes(self):
        """Ends what a process runtime left, by pid: whose working directory is below ours."""
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if str((entry / "cwd").resolve()).startswith(str(self.data)):
                    os.kill(int(entry.name), signal.SIGKILL)
            except (OSError, ValueError):
                continue

    def installation(self):
        ledger = self.data / "ledger.db"
        if not ledger.exists():
            return None
        import sqlite3

        connection = sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT value FROM meta WHERE key LIKE 'installation%'").fetchone()
            return row[0] if row else None
        except sqlite3.Error:
            return None
        finally:
            connection.close()

    # The API.

    def url(self, path):
        return f"http://127.0.0.1:{self.api_port}{path}"

    def ask(self, method, path, body=None, headers=None, **options):
        """With an admin key, unless the headers say otherwise."""
        headers = dict(headers or {})
        if self.key:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        answer = request(method, self.url(path), body, headers, **options)
        if len(self.answers) < secrets_search.MOST_ANSWERS:
            self.answers.append((f"{method} {path.split('?')[0]}", answer.text + json.dumps(answer.headers)))
            if method == "POST" and path == "/v1/keys" and answer.status == 201:
                self.keys.append(answer.json["key"])
        return answer

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.ask("POST", path, body, **options)

    def delete(self, path):
        return self.ask("DELETE", path)

    def sign_up(self, subdomain, wait=0, key=None, **fields):
        body = {"admin_email": f"admin@{subdomain}.example", "subdomain": subdomain,
                "company_name": f"{subdomain.title()} Inc", "userId": f"user-{subdomain}"}
        body.update(fields)
        body = {name: value for name, value in body.items() if value is not None}
        headers = {"Idempotency-Key": key} if key else {}
        return self.post("/provision" + (f"?wait={wait}" if wait else ""), body, headers=headers, timeout=130)

    def provision(self, subdomain, **fields):
        """A tenant that is active."""
        answer = self.sign_up(subdomain, wait=min(120, int(60 * PATIENCE)), **fields)
        assert answer.status == 200, answer.text + "\n" + self.log.read_text()
        assert answer.json["status"] == "active", answer.text + "\n" + self.log.read_text()
        return answer.json

    def tenant(self, tenant_id):
        return self.get(f"/v1/tenants/{tenant_id}").json

    def wait_status(self, tenant_id, *statuses, deadline=DEADLINE):
        return wait_until(lambda: (lambda t: t if t.get("status") in statuses else None)(self.tenant(tenant_id)),
                          lambda: f"{tenant_id} is {' or '.join(statuses)}, not {self.tenant(tenant_id)}", deadline)

    def timeline(self, tenant_id):
        return [event["message"] for event in self.get(f"/v1/tenants/{tenant_id}/events?limit=1000").json["events"]]

    def mails(self):
        import email
        import email.policy

        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in sorted(self.outbox.glob("*.eml"))]

    def cli(self, *arguments, check=True):
        done = subprocess.run([binary(), "--config", self.config, *arguments], capture_output=True, text=True,
                              check=check, timeout=130)
        self.printed.append(done.stdout + done.stderr)
        return done

    # The database.

    def psql(self, url, statement, check=True, before=()):
        """`before` is put in front of the command, such as nsenter with its arguments."""
        url, environment = without_password(url)
        done = subprocess.run([*before, "psql", "-XAtqw", "-c", statement, url], capture_output=True, text=True, timeout=30,
                              env=environment)
        assert not check or done.returncode == 0, done.stderr
        return done

    def app(self, tenant, path="/"):
        return request("GET", tenant["accessUrl"] + path, timeout=10)

    def serves(self, tenant):
        """Whether its app answers. One that cannot fork, or whose child the kernel has just killed, hangs up."""
        try:
            return self.app(tenant).status == 200
        except (OSError, http.client.HTTPException):
            return False
