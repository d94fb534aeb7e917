"""Size and speed from no tenants to 100,000: memory, start, sweep, and what a further sign-up costs."""

import time

import wrk
from cold import slipway_cold
from lab import progress
from machine import rss_mb
from plot import Curve
from results import Result, Row, median
from rows.accept import accept, accepting, done_with

COUNTS = (0, 1_000, 10_000, 100_000)
SETTLING_SECONDS = 14  # Slipway lets go of what only its start needed after ten
SMOKE_COUNTS = (0, 200)
MEMORY_TARGETS_MIB = {0: 12, 10_000: 32, 100_000: 128}


def idle_memory(lab, slipway):
    """After a while in which nobody asks for anything."""
    time.sleep(lab.rounds(SETTLING_SECONDS))
    return rss_mb(slipway.process.pid)


def swept_memory(slipway):
    for _ in range(2):
        sweep(slipway)
    return rss_mb(slipway.process.pid)


def sweep(slipway):
    """The processor time of one sweep, in seconds."""
    before = slipway.cpu_seconds()
    status, _ = slipway.call("POST", "/v1/sweep")
    if status != 200:
        raise RuntimeError(f"the sweep was answered with {status}")
    return slipway.cpu_seconds() - before


def starts(slipway, count):
    """Seconds from exec to ready, again and again."""
    took = []
    for _ in range(count):
        slipway.stop()
        took.append(slipway.start())
    return took


def at(lab, count):
    """Everything that is measured with so many tenants in the ledger."""
    slipway = lab.slipway(f"growth-{count}", tenants=count)
    found = {"memory": [idle_memory(lab, slipway)], "swept": [swept_memory(slipway)], "sweep": [sweep(slipway) for _ in range(lab.rounds(5))],
             "cold": [slipway_cold(slipway, number) for number in range(lab.rounds(7))]}
    found["start"] = starts(slipway, lab.rounds(5))
    lab.stop(slipway)
    if wrk.available():
        busy, holding = accepting(lab, f"growing-{count}", tenants=count)
        found["accept"] = [accept(busy, f"more-{number}", 1, 1)["p50_ms"] for number in range(lab.rounds(3))]
        done_with(lab, busy, holding)
    progress(f"{count} tenants: " + ", ".join(f"{name} {median(values):.4g}" for name, values in found.items()))
    return found


def peers_memory(lab, peers):
    """After a few sign-ups each: name -> MiB, and why one is missing."""
    slipway = lab.slipway("peers-size")
    sizes, why = {}, {}
    for name in ("Node script", "JupyterHub"):
        peer, reason = peers.started(name, slipway.network)
        if not peer:
            why[name] = reason
            continue
        for number in range(lab.rounds(5)):
            peer.cold(1000 + number)
        sizes[name] = peer.memory()
    peers.stop()
    lab.stop(slipway)
    return sizes, why


def measure(lab, peers):
    counts = SMOKE_COUNTS if lab.smoke else COUNTS
    found = {count: at(lab, count) for count in counts}
    most = counts[-1]
    memory = {count: median(found[count]["memory"]) for count in counts}
    rows = [Row(f"control plane, resident memory, {'idle' if count == 0 else f'{count:,} tenants'}", memory[count],
                MEMORY_TARGETS_MIB[count], "MiB", ours=f"{memory[count]:.1f} MiB")
            for count in counts if count in MEMORY_TARGETS_MIB]
    sizes, why = peers_memory(lab, peers)
    for peer, share in (("Node script", 10), ("JupyterHub", 20)):
        size = sizes.get(peer)
        rows.append(Row(f"… idle, against {'the Node script' if share == 10 else 'JupyterHub with its proxy'}",
                        memory[0] / size if size else None, 1 / share, ours=f"{memory[0]:.1f} MiB",
                        peer=f"{size:.0f} MiB" if size else "", why=why.get(peer, "")))
    start, cpu = median(found[most]["start"]), median(found[most]["sweep"])
    rows += [Row(f"start to ready, {most:,} tenants", start, 1, "s", ours=f"{start:.3f} s"),
             Row(f"a steady sweep, {most:,} tenants, processor time", cpu, 1, "s", ours=f"{cpu:.3f} s")]
    units = {"memory": "MiB", "swept": "MiB", "sweep": "s", "start": "s", "cold": "ms", "accept": "ms"}
    words = {"memory": "resident memory, idle", "swept": "resident memory after sweeps", "sweep": "a sweep's processor time", "start": "start to ready",
             "cold": "cold sign-up to proven URL", "accept": "accepting a sign-up"}
    samples = {f"{words[name]}, {count:,} tenants": (units[name], values)
               for name in words for count in counts for values in [found[count].get(name)] if values}
    curves = [Curve(words[name], units[name], [(count, median(found[count][name])) for count in counts])
              for name in words if name in found[0]]
    notes = ["The tenants that fill the ledger are suspended and hold no port: nothing runs for them. They were written by "
             "the store's own calls, each with its key and timeline."]
    return Result(f"From 0 to {most:,} tenants", rows, samples, notes, curves)
