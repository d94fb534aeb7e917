"""Tests of the documentation: what README.md and docs/ tell a reader to type is typed here, and what they promise to
print is compared. SLIPWAY_BIN and DOCKER_HOST mean what they mean in tests/e2e."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

from fixtures import binary_is_there, docker, place  # noqa: E402,F401
