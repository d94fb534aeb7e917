"""What every benchmark shares: a folder, the engine, a Postgres, the programs to measure with."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import urllib.parse

from machine import Engine, Postgres, Slipway

ROOT = pathlib.Path(__file__).resolve().parents[1]

# What bounds a tenant of the sample app, the same for Slipway's own containers, the floor's and the peers'.
LIMITS = {"Memory": 256 << 20, "MemorySwap": 256 << 20, "NanoCpus": 500_000_000, "PidsLimit": 256, "Init": True,
          "ReadonlyRootfs": True, "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"],
          "Tmpfs": {"/tmp": "size=64m"}}


LABEL = f"bench.slipway.run={os.getpid()}"
LABEL_FILTER = urllib.parse.quote(json.dumps({"label": [LABEL]}))


class Lab:
    def __init__(self, binary, smoke):
        self.binary, self.smoke = binary, smoke
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-bench-", dir="/tmp"))
        self.place.chmod(0o755)
        self.engine = Engine()
        self.postgres = Postgres(self.place / "postgres")
        self.running = []

    def __enter__(self):
        self.postgres.start()
        return self

    def __exit__(self, *_):
        for slipway in list(self.running):
            self.stop(slipway)
        # What an error left behind, of the floors' and the peers'.
        self.engine = Engine()
        for container in self.engine.call("GET", f"/containers/json?all=1&filters={LABEL_FILTER}"):
            self.engine.call("DELETE", f"/containers/{container['Id']}?force=1&v=1")
        self.postgres.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def rounds(self, wanted, in_smoke=1):
        return in_smoke if self.smoke else wanted

    def slipway(self, name, **settings):
        """A started Slipway in a folder of its own; `tenants` fills its ledger first."""
        tenants = settings.pop("tenants", 0)
        slipway = Slipway(self.binary, self.place / name, self.postgres, self.engine, **settings)
        self.running.append(slipway)
        if tenants:
            self.fill(slipway, tenants)
        slipway.start()
        return slipway

    def fill(self, slipway, tenants):
        """Gives it a ledger of so many tenants, which is made once in a run."""
        made = self.place / f"ledger-{tenants}.db"
        if not made.exists():
            subprocess.run([self.program("slipway_bench_ledger"), made, str(tenants), *map(str, slipway.ports)], check=True)
        slipway.start()  # which makes the key that belongs beside a ledger
        slipway.stop()
        slipway.key = slipway.NO_KEY
        # It bears the name of an installation that is gone with its ledger.
        subprocess.run(["docker", "network", "rm", slipway.network], check=True, stdout=subprocess.DEVNULL)
        data = slipway.directory / "data"
        for left in data.glob("ledger.db*"):
            left.unlink()
        shutil.copyfile(made, data / "ledger.db")

    def stop(self, slipway):
        self.running.remove(slipway)
        slipway.destroy()

    def program(self, name):
        """One of bench/cpp's, built like the binary."""
        path = self.binary.parents[2] / "bench" / name
        if not path.exists():
            sys.exit(f"{path} is missing: build the target {name}")
        return path


def container_spec(network):
    name, value = LABEL.split("=")
    return {"Image": "automation-app:1", "Labels": {name: value}, "ExposedPorts": {"8080/tcp": {}},
            "HostConfig": {"NetworkMode": network, **LIMITS}}


def progress(text):
    print(f"  {text}", file=sys.stderr, flush=True)
