"""ministack, an emulator of AWS that starts real Docker containers, as a process of a test's own."""
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
PYTHON = ROOT / "build/venv/bin/python"


def missing():
    """Why it cannot run here; empty where it can."""
    if not PYTHON.exists():
        return "build/venv is not here (tools/setup.sh: install_python_tools)"
    found = subprocess.run([PYTHON, "-c", "import ministack, docker, botocore"], capture_output=True, text=True)
    return "" if found.returncode == 0 else found.stderr.strip().splitlines()[-1]


class Ministack:
    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = tempfile.TemporaryDirectory(prefix="slipway-ministack-")
        self.log = pathlib.Path(self._folder.name) / "log"
        environment = {**os.environ, "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "IOT_MTLS_ENABLED": "0",
                       "MINISTACK_REGION": "eu-central-1"}
        self._process = subprocess.Popen([PYTHON, "-m", "ministack"], env=environment, cwd=self._folder.name,
                                         stdout=self.log.open("wb"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and self._process.poll() is None:
            time.sleep(0.1)
            try:
                urllib.request.urlopen(self.url + "/_ministack/health", timeout=2).close()
                return self
            except OSError:
                pass  # not yet
        log = self.log.read_text(errors="replace")[-2000:]
        self.__exit__()
        raise RuntimeError("ministack did not come up: " + log)

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
