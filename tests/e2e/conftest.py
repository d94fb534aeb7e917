"""End-to-end tests: the real binary, real Docker, real Postgres, real sockets.

SLIPWAY_BIN names the binary (by itself build/dev/src/app/slipway); DOCKER_HOST the engine. Without an engine the tests
that need one are skipped, and say so. Files run side by side (pytest-xdist: -n 3 --dist loadfile -m "not alone"), but what
is marked `alone` (-m alone) measures the machine, or takes much of it, and has it for itself.
"""

import pytest

import secrets_search
from fixtures import (binary_is_there, busybox_image, docker, make_server, new_place, place, sample_image,  # noqa: F401
                      server_maker)


def pytest_configure(config):
    config.addinivalue_line("markers", "needs_docker: needs a container engine")
    config.addinivalue_line("markers", "alone: needs the machine for itself, because it measures it or takes much of it")


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
def process_list():
    """Watches all command lines, and looks for secrets at the end: of each worker's servers, where files run side by side."""
    secrets_search.RUN.processes.start()
    yield
    secrets_search.RUN.processes.stop()
    assert secrets_search.RUN.findings() == set()
