"""The crash matrix: the real server on real Docker and Postgres, killed at every point. SLIPWAY_BIN and DOCKER_HOST mean
what they mean in tests/e2e; SLIPWAY_CRASH_POINTS names the library that kills, SLIPWAY_CRASH_EVERY=N takes only every Nth
point of each scenario beginning with SLIPWAY_CRASH_OFFSET, SLIPWAY_CRASH_REPORT is the folder that the whole table is written to."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from fixtures import binary_is_there, busybox_image, docker, make_server, place  # noqa: E402,F401
from world import ROOT  # noqa: E402


@pytest.fixture(scope="session")
def library():
    path = pathlib.Path(os.environ.get("SLIPWAY_CRASH_POINTS", ROOT / "build/dev/tests/crash/libslipway_crash_points.so"))
    if not path.exists():
        pytest.exit(f"{path} is missing: build it first (cmake --workflow --preset dev)", 3)
    return path


@pytest.fixture(scope="session")
def image(busybox_image):
    return busybox_image
