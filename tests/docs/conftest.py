"""Tests of the documentation: what README.md and docs/ tell a reader to type is typed here, and what they promise to
print is compared. SLIPWAY_BIN and DOCKER_HOST mean what they mean in tests/e2e."""

import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from world import Docker, binary  # noqa: E402


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


@pytest.fixture()
def place():
    """An empty directory that other users may pass through: the private Postgres runs as one of them."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="slipway-docs-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)
