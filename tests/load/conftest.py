"""Load tests: whether the promises hold for many at once and for long. They count what is in the world; how long things
take is bench/'s business. SLIPWAY_BIN and DOCKER_HOST mean what they mean in tests/e2e. Larger than ./check runs them:

  SLIPWAY_LOAD_TENANTS=1000      customers of the sign-up test on plain processes (each takes 8 MB of disk)
  SLIPWAY_SOAK_SECONDS=600       how long each soak goes on
"""

import pathlib
import shutil
import sys
import tempfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from world import Docker, Server, binary, build_sample_image  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def binary_is_there():
    if not binary().exists():
        pytest.exit(f"{binary()} is missing: build it first (cmake --workflow --preset dev)", 3)


@pytest.fixture(scope="session")
def docker():
    engine = Docker()
    if not engine.answers():
        pytest.skip("no container engine answers at DOCKER_HOST or /var/run/docker.sock")
    return engine


@pytest.fixture(scope="session")
def sample_image(docker):
    return build_sample_image(docker)


@pytest.fixture()
def place():
    """An empty directory that other users may pass through: the private Postgres runs as one of them."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="slipway-load-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture()
def make_server(place):
    servers = []

    def make(**settings):
        server = Server(place / f"s{len(servers)}", **settings)
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        server.destroy()


@pytest.fixture()
def on_processes(make_server):
    """A Slipway that sells a tiny static program, run as plain processes."""
    program = binary().parents[2] / "tests/contract/slipway_test_app"
    if not program.exists():
        pytest.fail(f"{program} is missing: build the target slipway_test_app")

    def make(ports):
        return make_server(runtime="process", command=[str(program)], health="/", first_port=10_000, ports=ports)

    return make


@pytest.fixture()
def on_docker(make_server, docker, sample_image):
    """A Slipway that sells the sample image on Docker."""

    def make(ports):
        return make_server(image=sample_image, docker=docker, first_port=12_000, ports=ports)

    return make
