"""kill -9 before, within and after everything that a server does to the world, then a restart: exactly one of each."""

import contextlib
import http.server
import os
import pathlib
import threading
import time

import matrix
from rig import Rig
from world import ROOT, binary

SERVERS = int(os.environ.get("SLIPWAY_CRASH_SERVERS", "3"))
EVERY = int(os.environ.get("SLIPWAY_CRASH_EVERY", "1"))
OFFSET = int(os.environ.get("SLIPWAY_CRASH_OFFSET", int(time.time()) % EVERY))
ONLY = os.environ.get("SLIPWAY_CRASH_ONLY")       # a line of the report: scenario, tab, point, tab, how many times
REPORT = pathlib.Path(os.environ.get("SLIPWAY_CRASH_REPORT", ROOT / "build/check/crash"))


@contextlib.contextmanager
def flag():
    """Says to apps that ask whether they may run; first they may not."""
    may_run = threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200 if may_run.is_set() else 503)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield may_run, server.server_port
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def make_rig(directory, number, docker, image, library):
    with flag() as (may_run, port):
        rig = Rig(directory / f"s{number}", docker, image, library, port, 25000 + os.getpid() % 150 * 40 + number * 40)
        rig.app_may_run = may_run
        try:
            rig.start()
            yield rig
        finally:
            rig.server.destroy()


def line_of(r):
    said = "; ".join(r.wrong) if r.wrong else "ok" if r.reached else "not passed in this run"
    return f"{r.scenario}\t{r.point}\t{r.nth}\t{said}\t{r.seconds:.2f} s\n"


def tell(result):
    with open(REPORT / "crash-kills.tsv", "a", encoding="utf-8") as file:
        file.write(line_of(result))


def write_report(points, results):
    def place(r):
        return list(matrix.SCENARIOS).index(r.scenario), points[r.scenario].index((r.point, r.nth)) if r.point else -1

    (REPORT / "crash-matrix.md").write_text(
        matrix.table(results) + "\nEach kill: scenario, point, how many times it was passed, what came of it.\n\n" +
        "".join(line_of(r) for r in sorted(results, key=place)))


def chosen(scenario, points):
    if ONLY:
        return [(point, nth) for point, nth in points if [scenario, point, str(nth)] == ONLY.split("\t")[:3]]
    return points[OFFSET::EVERY]


def test_the_product_has_no_fault_points(library):
    names = (b"SLIPWAY_CRASH_CONTROL", b"SLIPWAY_CLOCK_SHIFT")
    libraries = library.read_bytes() + (library.parent / "libslipway_clock_shift.so").read_bytes()
    assert all(name in libraries for name in names), "the names have changed"
    assert not any(name in binary().read_bytes() for name in names)
    installs = [line for path in ROOT.glob("build/dev/**/cmake_install.cmake") for line in path.read_text().splitlines()]
    assert installs and not any("slipway_crash" in line or "slipway_clock" in line for line in installs)


def test_exactly_one_of_each_wherever_the_server_is_killed(place, docker, image, library):
    with contextlib.ExitStack() as stack:
        rigs = [stack.enter_context(make_rig(place, i, docker, image, library)) for i in range(SERVERS)]
        REPORT.mkdir(parents=True, exist_ok=True)
        (REPORT / "crash-kills.tsv").write_text("")
        points, work, steps = {}, [], set()
        for life in (matrix.LIFE, matrix.FAILING_LIFE):
            found, took = matrix.record(rigs[0], life)
            points.update(found)
            steps |= took
            found = {name: chosen(name, all_points) for name, all_points in found.items()}
            work += [(i, life, turns) for i, turns in enumerate(matrix.lives_of(life, found))]
        assert steps == set(matrix.STEPS), "a step of the engine is in no scenario"
        print(f"\n{sum(len(found) for found in points.values())} points; offset {OFFSET} of every {EVERY}.")
        results = matrix.run(rigs, [job[1:] for job in sorted(work, key=lambda job: job[0])], tell)
        write_report(points, results)
        print(matrix.table(results))
        for rig in rigs:
            matrix.wait_until_nothing_is_left(rig)
    wrong = [r for r in results if r.wrong]
    missed = [r for r in results if not r.reached]
    assert not wrong, "\n".join(f"{r.scenario}, killed at {r.point} (time {r.nth}): {r.wrong}" for r in wrong)
    assert len(missed) * 10 <= len(results), f"{len(missed)} of {len(results)} points were not passed: {missed}"
