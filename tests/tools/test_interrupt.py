"""./check and ./quickstart, interrupted: whatever runs at that moment, nothing that they started is left.

They run in a tree of links to this one, whose programs are built. Its compiler is a stand-in, which takes no time, or
all of it; everything else is real.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import uuid

import pytest
from world import PATIENCE, ROOT, binary, select_pause, wait_until

WITHIN_S = 15
REAL_DOCKERD = shutil.which("dockerd", path=os.environ["PATH"] + ":/usr/sbin")
COMPILER = """#!/bin/sh
case "$*" in *--build*) [ ! -e "{hangs}" ] || {{ sleep 600 & wait; }};; esac
"""
# A second Docker that leaves the first one's packet filter and bridge alone.
DOCKERD = """#!/bin/sh
exec {dockerd} "$@" --bridge docker0 --iptables=false --ip6tables=false
"""
WAITING_TEST = """
import os, pathlib, select

def test_waits(slipway):
    slipway.provision("acme")
    reached = pathlib.Path(os.environ["REACHED"])
    reached.with_suffix(".new").write_text(f"{slipway.directory} {slipway.installation()}")
    reached.with_suffix(".new").rename(reached)
    select.select([], [], [], 600)
"""


class Tree:
    def __init__(self, place):
        self.root, self.mark = place / "tree", uuid.uuid4().hex
        self.reached, self.hangs, self.log = place / "reached", place / "hangs", place / "log"
        self.process = None
        self.links(ROOT, self.root, {"build", "tests", ".git"})
        self.links(ROOT / "tests", self.root / "tests", {"e2e"})
        self.links(ROOT / "tests/e2e", self.root / "tests/e2e", {path.name for path in ROOT.glob("tests/e2e/test_*")})
        (self.root / "tests/e2e/test_waits.py").write_text(WAITING_TEST)
        (self.root / "build").mkdir()
        for name in ("cache", "venv", "venv-checkov"):
            if (ROOT / "build" / name).exists():
                (self.root / "build" / name).symlink_to(ROOT / "build" / name)
        for preset in ("dev", "release"):
            (self.root / "build" / preset).symlink_to(binary().resolve().parents[2])
        programs = place / "bin"
        programs.mkdir()
        for name, text in {"cmake": COMPILER.format(hangs=self.hangs), "dockerd": DOCKERD.format(dockerd=REAL_DOCKERD)}.items():
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)
        outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        self.environment = {**outer, "PATH": f"{programs}:{os.environ['PATH']}", "SLIPWAY_MARK": self.mark,
                            "REACHED": str(self.reached), "SLIPWAY_TEST_PATIENCE": str(PATIENCE)}

    @staticmethod
    def links(source, target, but):
        target.mkdir()
        for path in source.iterdir():
            if path.name not in but:
                (target / path.name).symlink_to(path)

    def start(self, *command, **environment):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([self.root / command[0], *command[1:]], stdout=log, stderr=log, start_new_session=True,
                                            stdin=subprocess.DEVNULL, env={**self.environment, **environment})

    def wait_for(self, what):
        def there():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log.read_text()}"
            return what()
        return wait_until(there, lambda: self.log.read_text(), 60)

    def printed(self, text):
        return text in self.log.read_text()

    def interrupt(self, way):
        """INT as a terminal sends it: to the whole process group."""
        if way == "Ctrl-C":
            os.killpg(self.process.pid, signal.SIGINT)
        elif way == "TERM again and again":
            while self.process.poll() is None:
                self.process.send_signal(signal.SIGTERM)
                select_pause(0.2)
        else:
            self.process.send_signal(signal.Signals["SIG" + way])
        self.process.wait(WITHIN_S * PATIENCE)
        assert self.process.returncode in (129, 130, 143), self.log.read_text()

    def places(self):
        """The directories of the servers that it started."""
        found = {str(self.root)}
        if self.reached.exists():
            found.add(self.reached.read_text().split()[0])
        return found | ({data} if (data := self.data_dir()) else set())

    def data_dir(self):
        config = self.root / "build/quickstart/slipway.yaml"
        lines = config.read_text().splitlines() if config.exists() else []
        return next((line.split('"')[1] for line in lines if line.startswith("data_dir:")), "")

    def left(self):
        """What still runs and was started by it: it bears the mark, or its command line or directory says so."""
        found, places = [], self.places()
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes().decode("utf-8", "replace").replace("\0", " ")
                marked = self.mark.encode() in (entry / "environ").read_bytes()
                where = str((entry / "cwd").readlink())
            except OSError:
                continue
            if line and (marked or any(place in line or where.startswith(place) for place in places)):
                found.append(f"{entry.name}: {line}")
        return found

    def check_nothing_is_left(self):
        assert self.left() == [], self.log.read_text()
        assert not (self.root / "build/docker/state").exists()

    def end(self):
        """After a failure."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for line in self.left():
            try:
                os.kill(int(line.split(":")[0]), signal.SIGKILL)
            except ProcessLookupError:
                continue


@pytest.fixture()
def tree(place):
    made = Tree(place)
    yield made
    made.end()


def running(tree, word):
    return lambda: any(word in line for line in tree.left())


def test_check_while_it_sets_up(tree):
    tree.start("check", "--only", "unit")
    tree.wait_for(lambda: tree.printed("unit"))
    tree.interrupt("Ctrl-C")
    tree.check_nothing_is_left()


@pytest.mark.parametrize("way", ["Ctrl-C", "TERM", "HUP", "TERM again and again"])
def test_check_while_it_compiles(tree, way):
    tree.hangs.touch()
    tree.start("check", "--only", "build")
    tree.wait_for(running(tree, "sleep 600"))
    tree.interrupt(way)
    tree.check_nothing_is_left()


def test_both_checks_of_ci(tree):
    tree.hangs.touch()
    tree.start(".ci/run")
    tree.wait_for(running(tree, "sleep 600"))
    tree.interrupt("TERM")
    tree.check_nothing_is_left()
    assert not tree.printed("crash")


def test_check_during_unit_tests(tree):
    tree.start("check", "--only", "unit")
    log = tree.root / "build/logs/ctest-dev-unit.log"
    tree.wait_for(lambda: log.exists() and "Passed" in log.read_text())
    tree.interrupt("TERM")
    tree.check_nothing_is_left()


@pytest.mark.parametrize("way", ["Ctrl-C", "TERM", "TERM again and again"])
def test_check_while_a_customer_is_there(tree, docker, way):
    tree.start("check", "--only", "e2e")
    tree.wait_for(tree.reached.exists)
    assert running(tree, "postgres")() and running(tree, "slipway serve")()
    installation = tree.reached.read_text().split()[1]
    assert docker.containers(installation=installation)
    tree.interrupt(way)
    tree.check_nothing_is_left()
    assert docker.containers(installation=installation) == []


@pytest.mark.parametrize("moment", ["run", "socket"])
def test_check_with_a_docker_of_its_own(tree, docker, moment):
    """While it starts, and when it answers."""
    if os.geteuid() != 0 or not REAL_DOCKERD:
        pytest.skip("NOT TESTED: a second Docker, which needs root and dockerd")
    tree.start("check", "--only", "e2e", DOCKER_HOST="unix:///nowhere/docker.sock")
    tree.wait_for((tree.root / "build/docker/state" / moment).exists)
    tree.interrupt("TERM")
    tree.check_nothing_is_left()


# They share the name of a network.
one_quickstart_at_a_time = pytest.mark.xdist_group("quickstart")


@one_quickstart_at_a_time
@pytest.mark.parametrize("moment, way", [
    ("Building", "HUP"), ("Starting Slipway", "TERM"), ("A sign-up", "Ctrl-C"), ("The customer's instance", "TERM again and again")])
def test_quickstart(tree, docker, moment, way):
    if moment == "Building":
        tree.hangs.touch()
    tree.start("quickstart", "--keep")
    tree.wait_for(lambda: tree.printed(moment))
    tree.interrupt(way)
    tree.check_nothing_is_left()
    assert not tree.data_dir() or not pathlib.Path(tree.data_dir()).exists()
    assert docker.run("ps", "-aq", "--filter", "network=slipway-quickstart").stdout == ""


@one_quickstart_at_a_time
def test_what_an_earlier_quickstart_left_running_stays(tree, docker):
    def customers():
        return docker.run("ps", "-q", "--filter", "network=slipway-quickstart").stdout.split()

    tree.start("quickstart", "--keep")
    assert tree.process.wait(120 * PATIENCE) == 0, tree.log.read_text()
    before = customers()
    assert len(before) == 1
    tree.hangs.touch()
    tree.start("quickstart", "--keep")
    tree.wait_for(running(tree, "sleep 600"))
    tree.interrupt("TERM")
    assert customers() == before and running(tree, "slipway serve")() and not running(tree, "sleep 600")()
    tree.start("quickstart", "--stop")
    assert tree.process.wait(90 * PATIENCE) == 0, tree.log.read_text()
    tree.check_nothing_is_left()
