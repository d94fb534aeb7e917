"""The function's cold start: from exec to the first answer posted, against a Lambda of Node 20 with AWS's SDK v3."""

import json
import os
import pathlib
import subprocess

import peers as installing
from lab import ROOT, progress
from replay import Replay
from results import Result, Row, median

FOLDER = "lambda-node"
BUNDLE = ["node_modules/.bin/esbuild", "index.mjs", "--bundle", "--minify", "--platform=node", "--target=node20", "--format=esm",
          "--outfile=bundle.mjs", "--banner:js=import{createRequire}from'node:module';const require=createRequire(import.meta.url);"]
CONFIG = """
app: { image: shop:1, port: 8000 }
mail: { driver: resend, from: "Shop <shop@example.com>", resend: { api_key: "file:/on/the/founders/machine" } }
"""
MEMORY_LIMIT_KIB = 25 * 1024


def install():
    sources = [installing.HERE / FOLDER / name for name in ("package.json", "package-lock.json", "index.mjs")]
    return installing.installed(FOLDER, sources, [installing.npm_install(), BUNDLE])


def environment(place, address):
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "AWS_LAMBDA_RUNTIME_API": address,
            "AWS_ENDPOINT_URL": f"http://{address}", "AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "the-secret-access-key", "AWS_SESSION_TOKEN": "the-session-token",
            "LAMBDA_TASK_ROOT": str(place), "SLIPWAY_TABLE": "slipway", "SLIPWAY_CLUSTER": "slipway",
            "SLIPWAY_QUEUE_URL": f"http://{address}/123456789012/slipway", "SLIPWAY_PARAMETERS": "/slipway/test",
            "SLIPWAY_INIT_IMAGE": "slipway-init:1", "SLIPWAY_EXECUTION_ROLE": "arn:aws:iam::123456789012:role/x",
            "SLIPWAY_DB_HOST": "172.17.0.1", "SLIPWAY_DB_PORT": "5432"}


def evict(paths):
    """Out of the page cache, each file by itself; no privilege is needed."""
    for path in paths:
        handle = os.open(path, os.O_RDONLY)
        os.fdatasync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(handle)


class Contestant:
    """What is started, and the files that it reads (for `evict`)."""

    def __init__(self, command, files):
        self.command, self.files = [str(part) for part in command], files


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]


def libraries_of(program):
    """What the loader maps. C library and loader stay cached, as on a machine where anything runs."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout
    found = [pathlib.Path(word) for line in listed.splitlines() for word in line.split() if word.startswith("/")]
    return [path for path in found if not path.name.startswith(("libc.", "ld-", "libm.", "libpthread", "libdl"))]


def measure(lab, peers):
    place = lab.place / "lambda"
    place.mkdir()
    (place / "slipway.yaml").write_text(CONFIG)
    bootstrap = lab.binary.parent / "lambda/bootstrap"
    contestants = {"Slipway": Contestant([bootstrap], [bootstrap, place / "slipway.yaml"])}
    why = ""
    try:
        if not peers.install and not (installing.CACHE / FOLDER / "installed").exists():
            raise installing.Missing("it is not installed yet (bench/run installs it)")
        node = install()
        runtime = pathlib.Path(subprocess.run(["node", "-p", "process.execPath"], capture_output=True, text=True,
                                              check=True).stdout.strip())
        own = [runtime, *libraries_of(runtime)]
        contestants["Node"] = Contestant([runtime, node / "index.mjs"], own + [node / "index.mjs"] + files_below(node / "node_modules/@aws-sdk")
                                         + files_below(node / "node_modules/@smithy"))
        contestants["Node, bundled"] = Contestant([runtime, node / "bundle.mjs"], own + [node / "bundle.mjs"])
    except (installing.Missing, OSError) as missing:
        why = str(missing)
    recording = json.loads((ROOT / "bench/recordings/lambda.json").read_text())
    replay = Replay(lab.program("slipway_bench_lambda_cold"), recording, place / "log", lambda address: environment(place, address))
    times, evicted, memory, asked = ({name: [] for name in contestants} for _ in range(4))
    try:
        rounds = lab.rounds(24)
        for number in range(rounds + 1):  # the first one warms up
            for name, contestant in contestants.items():
                seen = replay.start(contestant.command)
                asked[name] = seen["asked"]
                if number:
                    times[name].append(seen["ms"])
                    memory[name].append(seen["kib"] / 1024)
            for name, contestant in contestants.items():
                evict(contestant.files)
                seen = replay.start(contestant.command)
                if number:
                    evicted[name].append(seen["ms"])
            progress(f"lambda {number}/{rounds}")
    finally:
        replay.close()
    return result(times, evicted, memory, asked, why, bootstrap)


def result(times, evicted, memory, asked, why, bootstrap):
    rows = []
    for label, samples, unit, part in (("cold start", times, "ms", 40), ("… its peak memory", memory, "MiB", 12),
                                       ("… with its files out of the page cache", evicted, "ms", 20)):
        ours = samples["Slipway"]
        for peer in ("Node", "Node, bundled"):
            theirs = samples.get(peer)
            rows.append(Row(f"Lambda: {label}, against {peer}", median(ours) / median(theirs) if theirs else None, 1 / part,
                            ours=f"{median(ours):.3g} {unit}", peer=f"{median(theirs):.3g} {unit}" if theirs else "", why=why))
    rows.append(Row("Lambda: peak memory", max(memory["Slipway"]), MEMORY_LIMIT_KIB / 1024, "MiB"))
    samples = {f"Lambda, {name}: {label}": (unit, values[name]) for label, unit, values in
               (("exec to first answer", "ms", times), ("the same, files evicted", "ms", evicted), ("peak memory", "MiB", memory))
               for name in values}
    notes = [f"{name} asks AWS {len(calls)} times before its answer: {', '.join(calls)}." for name, calls in asked.items()]
    notes.append(f"bootstrap has {bootstrap.stat().st_size / 1e6:.2f} MB. AWS and Lambda's interface are one replayer on loopback, without TLS; "
                 "its answers stand in memory. The clock runs from exec.")
    return Result("The Lambda", rows, samples, notes)
