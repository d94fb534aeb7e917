"""Load tests: whether the promises hold for many at once and for long. They count what is in the world; how long things
take is bench/'s business. SLIPWAY_BIN and DOCKER_HOST mean what they mean in tests/e2e. Their size:

  SLIPWAY_LOAD_TENANTS=1000      customers of the sign-up test on plain processes (each takes 8 MB of disk; 200 without it)
  SLIPWAY_LOAD_CONTAINERS=100    the same on Docker (50)
  SLIPWAY_LOAD_BOOTS=20          customers who boot at once, and how much work each boot is
  SLIPWAY_LOAD_BOOT_CPU_SECONDS=8
  SLIPWAY_SOAK_SECONDS=600       how long each soak goes on
"""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from fixtures import binary_is_there, busybox_image, docker, make_server, place, sample_image  # noqa: E402,F401
from world import binary  # noqa: E402


@pytest.fixture()
def on_processes(make_server):
    """A Slipway that sells a tiny static program, run as plain processes."""
    program = binary().parents[2] / "tests/contract/slipway_test_app"
    if not program.exists():
        pytest.fail(f"{program} is missing: build the target slipway_test_app")

    def make(ports):
        return make_server(runtime="process", command=[str(program)], health="/", first_port=10_000, ports=ports).start()

    return make


@pytest.fixture()
def on_docker(make_server, docker, sample_image):
    """A Slipway that sells the sample image on Docker."""

    def make(ports):
        return make_server(image=sample_image, docker=docker, first_port=12_000, ports=ports).start()

    return make
