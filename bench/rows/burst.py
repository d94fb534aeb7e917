"""Sixteen customers at once."""

import concurrent.futures
import os
import time

from cold import PORT, ColdFloor
from lab import progress
from results import Result, Row, median

SIZE = 16
SMOKE_SIZE = 3


def size_of(lab):
    return SMOKE_SIZE if lab.smoke else SIZE


def at_once(calls, workers):
    """Runs the calls; what each took from the common beginning, in ms, and their results."""
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        began = time.perf_counter()

        def timed(call):
            value = call()
            return (time.perf_counter() - began) * 1000, value

        return zip(*pool.map(timed, calls))


class FloorBurst:
    """The Engine's own rate: containers that were all asked for at once, as many starts in flight as there are cores,
    which is where its rate is highest. No databases: theirs exists already, where none are asked for."""

    def __init__(self, lab, network):
        self.floors = [ColdFloor(lab.engine.another(), lab.postgres, network) for _ in range(os.cpu_count())]
        self.size = size_of(lab)
        # One that makes the schema that the others find.
        self.floors[0].remove(self.floors[0].start_one("schema", PORT))

    def once(self, number):
        names = [f"{number}_{i}" for i in range(self.size)]
        took, made = self._in_lanes(lambda floor, i: floor.start_one(names[i], PORT + i))
        for container in made.values():
            self.floors[0].remove(container)
        return took, []

    def with_databases(self, number):
        """The same, and role and database of its own for each."""
        names = [f"burst_{number}_{i}" for i in range(self.size)]
        took, made = self._in_lanes(lambda floor, i: floor.with_database(names[i], PORT + i))
        for i, container in made.items():
            self.floors[0].remove_with_database(names[i], container)
        return took, []

    def _in_lanes(self, start):
        def lane(first):
            return {i: start(self.floors[first], i) for i in range(first, self.size, len(self.floors))}

        times, made = at_once([lambda first=first: lane(first) for first in range(len(self.floors))], len(self.floors))
        return max(times), {i: container for share in made for i, container in share.items()}

    def close(self):
        for floor in self.floors:
            floor.close()


def slipway_burst(slipway, number, size):
    def sign_up(i):
        body = {"admin_email": "bench@example.com", "subdomain": f"burst-{number}-{i}", "company_name": "Bench"}
        status, answer = slipway.call("POST", "/provision?wait=120", body)
        if status != 200 or answer["status"] != "active":
            raise RuntimeError(f"Slipway answered {status}: {answer}")
        return answer["tenantId"]

    times, tenants = at_once([lambda i=i: sign_up(i) for i in range(size)], size)
    for tenant in tenants:
        slipway.delete(tenant)
    return max(times), list(times)


def peer_burst(peer, number, size):
    times, tenants = at_once([lambda i=i: peer.sign_up(f"burst-{number}-{i}") for i in range(size)], size)
    for tenant in tenants:
        peer.remove(tenant)
    return max(times), list(times)


def measure(lab, peers):
    size = size_of(lab)
    slipway = lab.slipway("burst")
    floor = FloorBurst(lab, slipway.network)
    contestants = {"Engine": floor.once, "Engine, databases": floor.with_databases,
                   "Slipway": lambda number: slipway_burst(slipway, number, size)}
    node, why = peers.started("Node script", slipway.network)
    if node:
        contestants["Node script"] = lambda number: peer_burst(node, number, size)
    rates = {name: [] for name in contestants}
    waits = {name: [] for name in contestants}
    rounds = lab.rounds(5)
    for number in range(rounds):
        for name, once in contestants.items():
            whole, each = once(number)
            rates[name].append(size / whole * 1000)
            waits[name] += each
        progress(f"burst {number + 1}/{rounds}: " + ", ".join(f"{name} {all_[-1]:.1f}/s" for name, all_ in rates.items()))
    floor.close()
    peers.stop()
    lab.stop(slipway)
    rate = {name: f"{median(values):.2f}/s" for name, values in rates.items()}
    p50 = {name: f"{median(values):.0f} ms" for name, values in waits.items() if values}
    rows = [
        Row(f"{SIZE} cold sign-ups at once: rate, against the Engine's own", median(rates["Slipway"]) / median(rates["Engine"]),
            0.95, at_least=True, ours=rate["Slipway"], floor=rate["Engine"]),
        Row("… the rate, against the Engine's with role and database beside each",
            median(rates["Slipway"]) / median(rates["Engine, databases"]), 0.95, at_least=True, ours=rate["Slipway"],
            floor=rate["Engine, databases"]),
        Row("… the median wait, against the Node script",
            median(waits["Slipway"]) / median(waits["Node script"]) if node else None, 0.6, ours=p50["Slipway"],
            peer=p50.get("Node script", ""), why=why or ""),
    ]
    samples = {f"{name}: rate": ("1/s", values) for name, values in rates.items()}
    samples |= {f"{name}: wait of each": ("ms", values) for name, values in waits.items() if values}
    return Result(f"{SIZE} at once", rows, samples)
