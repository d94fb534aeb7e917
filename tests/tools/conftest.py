"""Tests of the tree's own tools. SLIPWAY_BIN and DOCKER_HOST mean what they mean in tests/e2e."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from fixtures import binary_is_there, docker, place  # noqa: E402,F401


def pytest_configure(config):
    config.addinivalue_line("markers", "xdist_group: those of a group run one after the other")
