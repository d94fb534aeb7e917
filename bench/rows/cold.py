"""One customer at a time, from the sign-up to the answer of their app: against the Engine alone, the plain script, a hub."""

from cold import ColdFloor, slipway_cold
from lab import progress
from results import Result, Row, median, p95


def measure(lab, peers):
    slipway = lab.slipway("cold")
    floor = ColdFloor(lab.engine, lab.postgres, slipway.network)
    contestants = {"floor": floor.once, "Slipway": lambda number: slipway_cold(slipway, number)}
    why = {}
    for name in ("Node script", "JupyterHub"):
        peer, reason = peers.started(name, slipway.network)
        if peer:
            contestants[name] = peer.cold
        else:
            why[name] = reason
    times = {name: [] for name in contestants}
    rounds = lab.rounds(24)
    for number in range(rounds + 1):  # the first round warms up and does not count
        for name, once in contestants.items():
            took = once(number)
            if number:
                times[name].append(took)
        if number:
            progress(f"cold {number}/{rounds}: " + ", ".join(f"{name} {all_[-1]:.0f} ms" for name, all_ in times.items()))
    floor.close()
    peers.stop()
    lab.stop(slipway)
    return result(times, why)


def result(times, why):
    ms = {name: f"{median(values):.0f} ms" for name, values in times.items()}
    ours, bare = times["Slipway"], times["floor"]
    rows = [
        Row("cold sign-up to proven URL, against create + start + answer with role and database beside it",
            median(ours) / median(bare), 1.05, ours=ms["Slipway"], floor=ms["floor"]),
        Row("… its 95th percentile, against that floor's median", p95(ours) / median(bare), 1.5,
            ours=f"{p95(ours):.0f} ms", floor=ms["floor"]),
    ]
    for peer, target in (("Node script", 0.75), ("JupyterHub", 0.70)):
        theirs = times.get(peer)
        rows.append(Row(f"… against the {peer if peer == 'Node script' else peer + ' (no database)'}",
                        median(ours) / median(theirs) if theirs else None, target, ours=ms["Slipway"],
                        peer=ms.get(peer, ""), why=why.get(peer, "")))
    return Result("One at a time", rows, {f"{name}: sign-up to answer": ("ms", values) for name, values in times.items()})
