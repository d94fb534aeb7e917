"""Accepting sign-ups: each answer of 202 is on disk."""

import json
import subprocess

import wrk
from holding import HoldingEngine
from lab import progress
from results import Result, Row, median

TITLE = "Accepting (202, durable)"
GOALS = ("POST /provision, one at a time: median, against one durable commit of one row",
         "… 64 at once: rate, against the store's own sign-ups with a commit for each",
         "… 64 at once: rate, against bare durable commits of one row")


def commits(lab, number, seconds):
    folder = lab.place / f"commits-{number}"
    folder.mkdir()
    done = subprocess.run([lab.program("slipway_bench_commits"), folder, str(seconds)], capture_output=True, text=True,
                          check=True)
    return json.loads(done.stdout)


def accepting(lab, name, **settings):
    """A Slipway whose engine never finishes a container; (it, its engine)."""
    holding = HoldingEngine(lab.place / f"{name}.sock", lab.engine.path)
    slipway = lab.slipway(name, ports=(10_000, 65_535), engine_path=holding.path, **settings)
    return slipway, holding


def done_with(lab, slipway, holding):
    slipway.kill()
    lab.stop(slipway)
    holding.close()


def accept(slipway, prefix, connections, seconds):
    return wrk.load(f"http://127.0.0.1:{slipway.port}", connections, seconds, BENCH_PREFIX=prefix, BENCH_KEY=slipway.key)


def measure(lab, peers):
    if not wrk.available():
        why = "wrk is missing (tools/packages.txt, group bench)"
        return Result(TITLE, [Row(GOALS[0], None, 1.5, unit="commits", why=why),
                              *(Row(goal, None, 10, at_least=True, why=why) for goal in GOALS[1:])], {})
    seconds = lab.rounds(2)
    found = {"commit": [], "sign-up in the store": [], "one at a time": [], "64 at once": []}
    for number in range(lab.rounds(7)):
        slipway, holding = accepting(lab, f"accept-{number}")  # anew, for ports are finite
        floor = commits(lab, number, seconds)
        found["commit"].append(floor["commit_ms"])
        found["sign-up in the store"].append(floor["sign_up_ms"])
        found["one at a time"].append(accept(slipway, "one", 1, seconds)["p50_ms"])
        found["64 at once"].append(accept(slipway, "many", 64, seconds)["rate"])
        done_with(lab, slipway, holding)
        progress(f"accept {number + 1}: " + ", ".join(f"{name} {all_[-1]:,.3f}" for name, all_ in found.items()))
    commit, store, one, many = (median(values) for values in found.values())
    rows = [
        Row(GOALS[0], one / commit, 1.5, unit="commits", ours=f"{one:.3f} ms", floor=f"{commit:.3f} ms"),
    ]
    # The rate of one commit each can be read in two ways: of the same writes without group commit, or of the bare floor,
    # which writes one row where a sign-up writes to five tables. Both are measured, and both have the target.
    for goal, ms in zip(GOALS[1:], (store, commit)):
        rows.append(Row(goal, many / (1000 / ms), 10, at_least=True, ours=f"{many:,.0f}/s", floor=f"{1000 / ms:,.0f}/s"))
    units = {"64 at once": "1/s"}
    return Result(TITLE, rows, {name: (units.get(name, "ms"), values) for name, values in found.items()},
                  ["The engine in these rows never finishes a container, so that accepting is measured without the starts."])
