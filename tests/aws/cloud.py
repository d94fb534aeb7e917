"""An account of AWS on this machine: ministack with real containers, a registry, and Slipway's command line against it."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from adapter import Adapter

ROOT = pathlib.Path(__file__).resolve().parents[2]
VENV = ROOT / "build/venv"
REGION = "eu-central-1"
ACCOUNT = "000000000000"
ENGINE = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")  # for runtime.docker.host in slipway.yaml


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(condition, what, deadline=60.0, interval=0.1):
    end = time.monotonic() + deadline
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {deadline} s: {what}"
        time.sleep(interval)
    return value


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=5).status < 500
    except OSError:
        return False


@contextlib.contextmanager
def process(command, log, **options):
    """A program in a session of its own, ended with all that it started."""
    with open(log, "ab") as out:
        running = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True, **options)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        try:
            running.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


@contextlib.contextmanager
def registry(place):
    port = free_port()
    (place / "registry.yml").write_text(
        f"version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: {place}/registry }} }}\n"
        f"http: {{ addr: '127.0.0.1:{port}' }}\n")
    with process([shutil.which("docker-registry"), "serve", place / "registry.yml"], place / "registry.log"):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/v2/"), "the registry answers")
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def ministack(place, endpoint_for_functions):
    """Its containers carry its address as a label, by which it takes away what it started, and nothing else."""
    port = free_port()
    (place / "tmp").mkdir()
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(place), "TMPDIR": str(place / "tmp"), "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port), "IOT_MTLS_ENABLED": "0", "LAMBDA_EXECUTOR": "local", "MINISTACK_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint_for_functions(port),
        "S3_DATA_DIR": str(place / "s3"),
    }
    if "DOCKER_HOST" in os.environ:
        environment["DOCKER_HOST"] = os.environ["DOCKER_HOST"]
    with process([VENV / "bin/ministack"], place / "ministack.log", env=environment):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/_ministack/health"), "ministack answers")
        yield f"127.0.0.1:{port}"
        with contextlib.suppress(OSError):
            urllib.request.urlopen(
                urllib.request.Request(f"http://127.0.0.1:{port}/_ministack/reset", method="POST"), timeout=60)


class Cloud:
    def __init__(self, place, url, adapter):
        self.place, self.url, self.adapter = place, url, adapter
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(place), "AWS_ENDPOINT_URL": url, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true",
        }
        if "DOCKER_HOST" in os.environ:
            self.environment["DOCKER_HOST"] = os.environ["DOCKER_HOST"]

    def slipway(self, *arguments, check=True, input=None, timeout=240):
        binary = os.environ.get("SLIPWAY_BIN", ROOT / "build/dev/src/app/slipway")
        done = subprocess.run([binary, *map(str, arguments)], cwd=self.place, env=self.environment, input=input,
                              capture_output=True, text=True, timeout=timeout)
        if check:
            assert done.returncode == 0, f"slipway {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def client(self, service):
        """boto3's client, in a process that has it."""
        import boto3

        return boto3.client(service, endpoint_url=self.url, region_name=REGION, aws_access_key_id="AKIATEST",
                            aws_secret_access_key="test")


@contextlib.contextmanager
def cloud(place, database_folder, before=None):
    """`before`: model_proxy.ModelProxy, which then stands before everything, also for the functions."""
    with registry(place) as images, contextlib.ExitStack() as ends:
        made = {}

        def endpoint(port):
            made["adapter"] = Adapter(f"127.0.0.1:{port}", images, free_port(), database_folder)
            ends.callback(made["adapter"].close)
            if before:
                made["proxy"] = ends.enter_context(before(made["adapter"].url))
            return made["proxy" if before else "adapter"].url

        with ministack(place, endpoint):
            running = Cloud(place, made["proxy" if before else "adapter"].url, made["adapter"])
            running.proxy = made.get("proxy")
            yield running
