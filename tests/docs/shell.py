"""A reader at a terminal: an empty directory, the built `slipway` on PATH, and ~/slipway, which is this tree.

Pages name the ports that Slipway takes by itself. Tests run beside other things, so before `slipway serve` and
`slipway doctor` the file slipway.yaml is given ports, a network and an engine of its own where the page does not care, and
what is typed and printed is translated: 8080 (the API) and 20000 to 20999 (tenants).
"""

import os
import pathlib
import re
import shlex
import signal
import subprocess

import yaml
from page import ROOT, matches
from world import Server, binary, free_port, network_name, wait_until

COMMAND_LIMIT_S = 150


class Mismatch(AssertionError):
    pass


class Shell:
    def __init__(self, place, docker, number):
        self.home, self.directory = place / "home", place / "home" / "shop"
        self.directory.mkdir(parents=True)
        (self.home / "slipway").symlink_to(ROOT)
        (place / "bin").mkdir()
        (place / "bin" / "slipway").symlink_to(binary().resolve())
        self.docker, self.server = docker, None
        self.api_port, self.database_port = free_port(), free_port()
        self.first_port = 21000 + number * 1000  # below the ports that the kernel gives away by itself
        self.network = network_name("docs", number)
        self.status, self.state = 0, place / "state"
        self.environment = {
            "HOME": str(self.home), "PATH": f"{place / 'bin'}:{os.environ['PATH']}", "LANG": "C.UTF-8",
            "DOCKER_HOST": docker.socket(), "NO_COLOR": "1"}

    # Ports.

    def typed(self, text):
        text = re.sub(r"(127\.0\.0\.1|localhost):8080", rf"\1:{self.api_port}", text)
        return re.sub(r"(localhost:|127\.0\.0\.1:)20(\d{3})\b", lambda m: m[1] + str(self.first_port + int(m[2])), text)

    def printed(self, text):
        text = text.replace(f"127.0.0.1:{self.api_port}", "127.0.0.1:8080").replace(str(self.home), "~")
        return re.sub(rf"\b{self.first_port // 1000}(\d{{3}})\b", r"20\1", text)

    def settle(self):
        """Gives slipway.yaml what keeps it out of the way of others."""
        path = self.directory / "slipway.yaml"
        settings = yaml.safe_load(path.read_text())
        access = settings.setdefault("access", {})
        if str(access.get("ports", "20000-29999")).startswith("20"):
            access["ports"] = f"{self.first_port}-{self.first_port + 999}"
        settings.setdefault("api", {})["listen"] = f"127.0.0.1:{self.api_port}"
        if "url" not in settings.setdefault("database", {}):
            settings["database"].setdefault("managed", {})["port"] = self.database_port
        engine = settings.setdefault("runtime", {}).setdefault("docker", {})
        engine.update(host=self.docker.socket(), network=self.network)
        path.write_text(yaml.safe_dump(settings))

    # Commands.

    def write(self, name, lines):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n")

    def run(self, command):
        """Runs one command of a page and compares what it prints; raises Mismatch."""
        if re.match(r"slipway (serve|doctor)\b", command.text):
            self.settle()
        if re.match(r"slipway serve\b", command.text):
            return self.serve(command)
        if self.status != 0 and command.text != "echo $?":
            raise Mismatch(f"the command before ended with {self.status}; a page that means it goes on with `echo $?`")
        script = (f"set -a; [ -f {self.state} ] && . {self.state}; (exit {self.status})\n{self.typed(command.text)}\n"
                  f"status=$?; {{ export -p; echo cd $(printf %q \"$PWD\"); }} > {self.state}; exit $status")
        done = subprocess.run(["bash", "-c", script], cwd=self.directory, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=COMMAND_LIMIT_S)
        self.status = done.returncode
        self.compare(command, self.printed(done.stdout))
        return None

    def serve(self, command):
        """`slipway serve` goes on in a terminal of its own; what it printed until it was ready is compared."""
        self.stop()
        log = self.directory.parent / "serve.log"
        with open(log, "wb") as out:
            self.server = subprocess.Popen(shlex.split(command.text), cwd=self.directory, env=self.environment,
                                           stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                           executable=binary())
        wait_until(lambda: self.ready(log), "slipway serve is ready", 60)
        self.compare(command, self.printed(log.read_text()), prefix=True)

    def ready(self, log):
        if self.server.poll() is not None:
            raise Mismatch(f"slipway serve ended with {self.server.returncode}:\n{log.read_text()}")
        return subprocess.run(["curl", "-fsS", "-m", "5", f"http://127.0.0.1:{self.api_port}/readyz"],
                              capture_output=True, check=False).returncode == 0

    def compare(self, command, printed, prefix=False):
        expected = command.expected + (["…"] if prefix else [])
        if not matches(expected, printed):
            raise Mismatch(f"$ {command.text}\n--- the page says\n" + "\n".join(command.expected) +
                           f"\n--- printed (exit status {self.status})\n{printed}")

    # The end.

    def stop(self):
        if self.server and self.server.poll() is None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(40)

    def close(self):
        """Takes away everything that the page made."""
        self.stop()
        for data in self.home.rglob("ledger.db"):
            found = Remains(data.parent, self).destroy()
            assert found.secrets and found.found == set(), found.found


class Remains(Server):
    """What a page's Slipway left, for Server.destroy()."""

    def __init__(self, data, shell):
        self.data, self.docker, self.process, self.network = pathlib.Path(data), shell.docker, None, shell.network
        self.config = shell.directory / "slipway.yaml"
        self.log = shell.home / "serve.log"
        self.outbox = next((mail.parent for mail in shell.home.rglob("*.eml")), self.data / "outbox")
        self.keys, self.answers, self.printed, self.planted = [], [], [], False
