"""The crash matrix: the real server on real Docker and Postgres, killed at every point. SLIPWAY_BIN and DOCKER_HOST mean
what they mean in tests/e2e; SLIPWAY_CRASH_POINTS names the library that kills, SLIPWAY_CRASH_EVERY=N takes only every Nth
point of each scenario beginning with SLIPWAY_CRASH_OFFSET, SLIPWAY_CRASH_REPORT is the folder that the whole table is written to."""

import os
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from world import ROOT, Docker, binary, build_busybox_image  # noqa: E402


@pytest.fixture(scope="session")
def library():
    path = pathlib.Path(os.environ.get("SLIPWAY_CRASH_POINTS", ROOT / "build/dev/tests/crash/libslipway_crash_points.so"))
    for file in (path, binary()):
        if not file.exists():
            pytest.exit(f"{file} is missing: build it first (cmake --workflow --preset dev)", 3)
    return path


@pytest.fixture(scope="session")
def docker():
    engine = Docker()
    if not engine.answers():
        pytest.skip("no container engine answers at DOCKER_HOST or /var/run/docker.sock")
    return engine


@pytest.fixture(scope="session")
def image(docker):
    return build_busybox_image(docker)


@pytest.fixture()
def place():
    """An empty directory that other users may pass through: the private Postgres runs as one of them."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="slipway-crash-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
