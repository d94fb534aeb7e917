"""Fixtures that tests on the real binary share: tests/e2e, tests/crash, tests/docs and tests/load."""

import contextlib
import fcntl
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from world import Docker, Server, binary, build_busybox_image, build_sample_image


@pytest.fixture(scope="session", autouse=True)
def binary_is_there():
    if not binary().exists():
        pytest.exit(f"{binary()} is missing: build it first (cmake --workflow --preset dev)", 3)
    subprocess.run([binary(), "--version"], check=True, capture_output=True)


@pytest.fixture(scope="session")
def docker():
    engine = Docker()
    if not engine.answers():
        pytest.skip("no container engine answers at DOCKER_HOST or /var/run/docker.sock")
    return engine


@contextlib.contextmanager
def one_at_a_time(what):
    """Among all processes of this machine."""
    with open(pathlib.Path(tempfile.gettempdir(), f"slipway-test-{what}.lock"), "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def sample_image(docker):
    with one_at_a_time("images"):
        return build_sample_image(docker)


@pytest.fixture(scope="session")
def busybox_image(docker):
    with one_at_a_time("images"):
        return build_busybox_image(docker)


@contextlib.contextmanager
def new_place():
    """An empty directory that other users may pass through: the private Postgres runs as one of them."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="slipway-test-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def server_maker(place):
    """Makes servers, each with a directory, ports, network and Postgres of its own; takes everything away afterwards."""
    servers = []

    def make(**settings):
        server = Server(place / f"s{len(servers)}", **settings)
        servers.append(server)
        return server

    yield make
    for server in servers:
        server.destroy()


@pytest.fixture()
def place():
    with new_place() as path:
        yield path


@pytest.fixture()
def make_server(place):
    with server_maker(place) as make:
        yield make
