"""Tests of the AWS path: emulators that others wrote, our proxy before them, real containers and a real Postgres.

What is missing on a machine (an engine, the packages of build/venv) skips the tests that need it, and says so.
"""
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SLIPWAY_BUILD", ROOT / "build/dev"))
sys.path[:0] = [str(ROOT / "tests/aws")]


@pytest.fixture(scope="session")
def docker():
    if subprocess.run(["docker", "version"], capture_output=True, timeout=30).returncode != 0:
        pytest.skip("NOT TESTED: no container engine answers")


def image(script, tag):
    done = subprocess.run([ROOT / script], capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        pytest.skip(f"NOT TESTED: {script}: {done.stderr.strip()}")
    return tag


@pytest.fixture(scope="session")
def init_image(docker):
    return image("deploy/aws/init/build-image", "slipway-init:1")


@pytest.fixture(scope="session")
def app_image(docker):
    return image("examples/automation-app/build-image", "automation-app:1")


@pytest.fixture(scope="session")
def postgres(docker):
    from postgres_server import Postgres
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def ministack(docker):
    import ministack_server
    if ministack_server.missing():
        pytest.skip("NOT TESTED: " + ministack_server.missing())
    with ministack_server.Ministack() as server:
        yield server
