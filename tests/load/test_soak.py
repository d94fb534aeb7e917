"""Customers come and go, again and again: what Slipway holds and leaves stays as it was."""

import concurrent.futures
import os
import statistics
import time

import census
import pytest
from world import wait_until

AT_ONCE = 6
CYCLES = 16           # at least; SLIPWAY_SOAK_SECONDS makes it go on for longer
WARM_UP = 6           # cycles after which every thread, pool and cache is there
MEMORY_SLACK = 1.5e6  # bytes that resident memory may be larger in the end: the heap's own unrest
LEDGER_SLACK = 24e3   # bytes that each deleted tenant's row, timeline and audit lines may take for good, and its key for 90 days
DISK_SLACK = 20e6     # bytes that Postgres' directory may vary, beside its write-ahead log


def in_parallel(function, values):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, values))


def come_and_go(server, cycle):
    tenants = in_parallel(lambda i: server.provision(f"soak-{cycle}-{i}")["tenantId"], range(AT_ONCE))
    in_parallel(lambda tenant: server.delete(f"/v1/tenants/{tenant}"), tenants)
    in_parallel(lambda tenant: server.wait_status(tenant, "deleted"), tenants)


def postgres_bytes(server):
    cluster = server.data / "postgres/data"
    return census.disk_bytes(cluster) - census.disk_bytes(cluster / "pg_wal")


def sample(server, url):
    pid = server.process.pid
    return {"memory": census.resident_bytes(pid), "descriptors": census.descriptors(pid),
            "threads": census.threads(pid), "ports": len(census.leases(server)),
            "databases": len(census.databases(url)), "roles": len(census.roles(url)),
            "connections": census.connections(url), "postgres": postgres_bytes(server),
            "instances": census.disk_bytes(server.data / "processes"),
            "ledger": census.disk_bytes(server.data) - census.disk_bytes(server.data / "postgres")
            - census.disk_bytes(server.data / "processes"),
            "tenants": sum(census.statuses(server).values())}


def soak(server, url):
    """Samples, one after each cycle past the warm-up."""
    samples, end = [], time.monotonic() + float(os.environ.get("SLIPWAY_SOAK_SECONDS", 0))
    cycle = 0
    while cycle < CYCLES or time.monotonic() < end:
        come_and_go(server, cycle)
        cycle += 1
        if cycle > WARM_UP:
            samples.append(sample(server, url))
    return samples


def check_flat(samples):
    third = max(1, len(samples) // 3)
    early, late = samples[:third], samples[-third:]

    def grew(name):
        return statistics.median(s[name] for s in late) - statistics.median(s[name] for s in early)

    print(f"\n{len(samples)} samples; first {samples[0]}\nlast {samples[-1]}")
    for name in ("ports", "databases", "roles"):
        assert {s[name] for s in samples} == {1}, f"{name}: only the one of the customer who stays"
    assert grew("memory") <= MEMORY_SLACK, f"memory grew by {grew('memory')} bytes"
    # A pool may open one more late, and has a thread for each request that ever came at once; what leaks grows with every
    # cycle, and with each of its customers.
    for name, slack in (("descriptors", 2), ("connections", 2), ("threads", AT_ONCE)):
        assert grew(name) <= slack, f"{name} grew by {grew(name)}"
    assert grew("instances") <= 0, "what instances leave on disk"
    assert grew("postgres") <= DISK_SLACK, f"Postgres' files grew by {grew('postgres')} bytes"
    made = samples[-1]["tenants"] - samples[0]["tenants"]
    assert samples[-1]["ledger"] - samples[0]["ledger"] <= made * LEDGER_SLACK + 6e6, "the ledger, with its log"


def test_on_plain_processes(on_processes):
    server = on_processes(ports=100)
    staying = server.provision("staying")
    url = server.app(staying, "/env?DATABASE_URL").text
    samples = soak(server, url)
    check_flat(samples)
    assert census.app_processes(server) == [census.resource_name(server, staying["tenantId"])]


@pytest.mark.skipif("SLIPWAY_SOAK_SECONDS" not in os.environ,
                    reason="SLIPWAY_SOAK_SECONDS is not set: the soak on Docker takes minutes")
def test_on_docker(on_docker, docker):
    server = on_docker(ports=100)
    staying = server.provision("staying")
    container = docker.containers(tenant=staying["tenantId"])[0]
    before, after = docker.environment(container)["DATABASE_URL"].rsplit("@", 1)
    samples = soak(server, f"{before}@127.0.0.1:{after.split(':', 1)[1]}")
    check_flat(samples)
    installation = f"label=slipway.installation={server.installation()}"
    assert docker.run("ps", "-aq", "--no-trunc", "--filter", installation).stdout.split() == [container]
    assert docker.run("volume", "ls", "-q", "--filter", installation).stdout == ""
