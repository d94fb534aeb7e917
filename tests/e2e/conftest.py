"""End-to-end tests: the real binary, real Docker, real Postgres, real sockets.

SLIPWAY_BIN names the binary (by itself build/dev/src/app/slipway); DOCKER_HOST the engine. Without an engine the tests
that need one are skipped, and say so.
"""

import contextlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

import secrets_search
from world import ROOT, Docker, Server, build_busybox_image, build_sample_image


def pytest_configure(config):
    config.addinivalue_line("markers", "needs_docker: needs a container engine")


@pytest.fixture(scope="session")
def docker():
    engine = Docker()
    if not engine.answers():
        pytest.skip("no container engine answers at DOCKER_HOST or /var/run/docker.sock")
    return engine


@pytest.fixture(scope="session")
def sample_image(docker):
    return build_sample_image(docker)


@pytest.fixture(scope="session")
def busybox_image(docker):
    return build_busybox_image(docker)


@contextlib.contextmanager
def new_place():
    """An empty directory that other users may pass through: the private Postgres runs as one of them."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="slipway-e2e-", dir="/tmp"))
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


@pytest.fixture(scope="module")
def module_server():
    """As make_server, for servers that the tests of a file share."""
    with new_place() as path, server_maker(path) as make:
        yield make


@pytest.fixture()
def slipway(make_server, docker, sample_image):
    """A running Slipway that sells the sample image on Docker."""
    server = make_server(image=sample_image, docker=docker)
    server.start()
    return server


@pytest.fixture(scope="session", autouse=True)
def binary_is_there():
    path = pathlib.Path(os.environ.get("SLIPWAY_BIN", ROOT / "build/dev/src/app/slipway"))
    if not path.exists():
        pytest.exit(f"{path} is missing: build it first (cmake --workflow --preset dev)", 3)
    subprocess.run([path, "--version"], check=True, capture_output=True)


@pytest.fixture(scope="session", autouse=True)
def process_list():
    """Watches all command lines, for the search for secrets at the end."""
    secrets_search.RUN.processes.start()
    yield
    secrets_search.RUN.processes.stop()
