"""The function under AWS's own Lambda runtime interface emulator: warm reuse, time-out, error, init error."""

import json
import os
import shutil
import subprocess
import urllib.error
import urllib.request

import pytest

import moto_server as moto
from test_lambda import BOOTSTRAP, ROOT, account, environment, event, http  # noqa: F401 (fixtures)

MODULE = "github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d"
PROGRAM = ROOT / "build/cache/rie/aws-lambda-rie"


@pytest.fixture(scope="session")
def rie():
    if PROGRAM.exists():
        return PROGRAM
    if shutil.which("go") is None:
        pytest.skip("NOT TESTED: no Go, with which AWS's runtime interface emulator is built")
    try:
        done = subprocess.run(["go", "install", MODULE], env={**os.environ, "GOBIN": str(PROGRAM.parent)},
                              capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        pytest.skip("NOT TESTED: AWS's runtime interface emulator was not built within 300 s")
    if done.returncode != 0:
        pytest.skip(f"NOT TESTED: AWS's runtime interface emulator cannot be built: {done.stderr.strip()[-300:]}")
    return PROGRAM


class Emulator:
    def __init__(self, program, environment, log_path, timeout_seconds=30):
        self.port = moto.free_port()
        environment = {**environment, "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout_seconds)}
        environment.pop("AWS_LAMBDA_RUNTIME_API", None)
        words = [program, "--runtime-interface-emulator-address", f"127.0.0.1:{self.port}", "--runtime-api-address",
                 f"127.0.0.1:{moto.free_port()}", BOOTSTRAP]
        self.log_path = log_path
        with open(log_path, "ab") as log:
            self.process = subprocess.Popen(words, env=environment, stdout=log, stderr=log)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def invoke(self, event):
        moto.wait_until_it_listens(self.port, self.process)
        url = f"http://127.0.0.1:{self.port}/2015-03-31/functions/function/invocations"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, json.dumps(event).encode()), timeout=60) as answer:
                text = answer.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        try:
            return json.loads(text)
        except ValueError:
            return text


def test_warm_reuse_and_errors(rie, environment, tmp_path):  # noqa: F811
    with Emulator(rie, environment, tmp_path / "log") as emulator:
        for _ in range(3):
            assert emulator.invoke(http("GET", "/nowhere"))["statusCode"] == 404
        error = emulator.invoke({"hello": "world"})
        assert error["errorType"] == "Slipway.Invalid", error
        assert emulator.invoke(http("GET", "/nowhere"))["statusCode"] == 404
        assert emulator.invoke(event("schedule")) == {}
        assert emulator.invoke(event("sqs")) == {"batchItemFailures": []}


def test_an_init_error(rie, environment, tmp_path):  # noqa: F811
    del environment["SLIPWAY_TABLE"]
    with Emulator(rie, environment, tmp_path / "log") as emulator:
        error = emulator.invoke(http("GET", "/nowhere"))
        assert "SLIPWAY_TABLE" in json.dumps(error), error


def test_a_time_out_ends_the_process_and_the_next_event_finds_a_new_one(rie, environment, tmp_path):  # noqa: F811
    # The ledger answers at the start, and then no more: the event is not done in its second.
    from stuck import Stuck
    with Stuck(environment["AWS_ENDPOINT_URL"]) as aws:
        environment["AWS_ENDPOINT_URL"] = aws.url
        with Emulator(rie, environment, tmp_path / "log", timeout_seconds=1) as emulator:
            assert emulator.invoke(http("GET", "/nowhere"))["statusCode"] == 404
            aws.hold()
            late = emulator.invoke(event("schedule"))
            assert "timed out" in json.dumps(late).lower(), late
            aws.let_go()
            assert emulator.invoke(http("GET", "/nowhere"))["statusCode"] == 404
