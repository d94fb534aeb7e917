"""moto, which imitates AWS, as a process of a test's own."""

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

REGION = "eu-central-1"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def post(url, body=b"", content_type="text/plain"):
    request = urllib.request.Request(url, data=body, headers={"Content-Type": content_type}, method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


@contextlib.contextmanager
def running(log_path):
    """The URL of a moto that lives as long as the block."""
    port = free_port()
    program = Path(sys.executable).parent / "moto_server"
    with open(log_path, "ab") as log:
        process = subprocess.Popen([program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_it_answers(url, process)
            yield url
        finally:
            process.kill()  # it keeps nothing
            process.wait()


def answers(url):
    try:
        urllib.request.urlopen(url, timeout=5).read()
        return True
    except OSError:
        return False


def wait_until_it_answers(url, process):
    deadline = time.monotonic() + 60
    while not answers(url + "/moto-api/"):
        assert process.poll() is None and time.monotonic() < deadline, "moto_server does not answer"
        time.sleep(0.1)


def wait_until_it_listens(port, process):
    deadline = time.monotonic() + 60
    while not listens(port):
        assert process.poll() is None and time.monotonic() < deadline, f"nobody listens on port {port}"
        time.sleep(0.1)


def listens(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


def environment(url, **more):
    """The environment of a program that takes `url` for AWS, and nothing of ours besides."""
    keep = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS") if name in os.environ}
    return {**keep, "AWS_ENDPOINT_URL": url, "AWS_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": "/nonexistent", **more}
