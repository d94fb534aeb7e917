#!/usr/bin/env python3
"""Measures what an installation and each customer cost in memory, disk, connections and ports: docs/operating/capacity.md.

  bench/capacity.py [--tenants N] [--binary PATH]      as root: it reads other users' memory maps

Memory is proportional (PSS): a page that several processes share counts once, in parts. It starts a Slipway with its private
Postgres, signs N customers of the sample app up, and takes everything away again.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parent))
from machine import Engine, Slipway, free_port, wait_for  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[1]
MB = 1e6


def pss(pid):
    """Bytes; 0 for a process that is gone."""
    try:
        for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0


def processes():
    """pid -> (parent, command line)"""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            found[int(entry.name)] = parent, (entry / "cmdline").read_bytes().decode("latin-1").split("\0")
        except OSError:
            continue
    return found


def family(root, table):
    """A process and all that descend from it."""
    pids, grew = {root}, True
    while grew:
        more = {pid for pid, (parent, _) in table.items() if parent in pids} - pids
        pids |= more
        grew = bool(more)
    return pids


def daemons(name, table):
    return sum(pss(pid) for pid, (_, words) in table.items() if pathlib.Path(words[0]).name == name)


class OwnPostgres(Slipway):
    """A Slipway that runs its private Postgres, as a customer's would."""

    class Nobody:
        @staticmethod
        def url():
            return "postgresql://nobody@127.0.0.1/none"

    def __init__(self, binary, directory, engine):
        super().__init__(binary, directory, self.Nobody, engine)
        self.config = directory / "slipway.yaml"
        text = self.config.read_text()
        self.config.write_text(text.replace(f'url: "{self.Nobody.url()}"', f"managed: {{ port: {free_port()} }}"))

    def postmaster(self):
        return int((self.directory / "data/postgres/data/postmaster.pid").read_text().split()[0])

    def postgres_bytes(self):
        return sum(pss(pid) for pid in family(self.postmaster(), processes()))

    def sign_up(self, number):
        body = {"admin_email": "bench@example.com", "subdomain": f"c-{number}", "company_name": "Bench"}
        status, answer = self.call("POST", "/provision?wait=60", body)
        if status != 200 or answer["status"] != "active":
            raise RuntimeError(f"Slipway answered {status}: {json.dumps(answer)}")
        return answer

    def destroy(self):
        super().destroy()
        subprocess.run([self.binary, "database", "stop", "--config", self.config], capture_output=True, check=False)


def container_of(tenant):
    ids = subprocess.run(["docker", "ps", "-q", "--filter", f"label=slipway.tenant={tenant['tenantId']}"],
                         capture_output=True, text=True, check=True).stdout.split()
    return json.loads(subprocess.run(["docker", "inspect", "--size", ids[0]], capture_output=True, text=True,
                                     check=True).stdout)[0]


def tenant_costs(tenant, table):
    """(what Docker adds, the app itself, the container's own layer on disk): bytes"""
    container = container_of(tenant)
    init = container["State"]["Pid"]
    shim = table[init][0]
    proxies = [pid for pid, (_, words) in table.items()
               if pathlib.Path(words[0]).name == "docker-proxy" and str(tenant["port"]) in words]
    added = pss(shim) + pss(init) + sum(pss(pid) for pid in proxies)
    app = sum(pss(pid) for pid in family(init, table) - {init})
    return added, app, container.get("SizeRw", 0)


def database_url(tenant):
    pairs = dict(pair.split("=", 1) for pair in container_of(tenant)["Config"]["Env"])
    before, after = pairs["DATABASE_URL"].rsplit("@", 1)
    return f"{before}@127.0.0.1:{after.split(':', 1)[1]}"


def psql(url):
    return subprocess.Popen(["psql", "-XAtq", url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def ask(client, statement):
    client.stdin.write(statement + ";\n")
    client.stdin.flush()
    return client.stdout.readline().strip()


def connection_cost(slipway, url, count):
    """What an open connection that has run a query adds to Postgres, in bytes."""
    before = slipway.postgres_bytes()
    clients = [psql(url) for _ in range(count)]
    for client in clients:
        ask(client, "SELECT count(*) FROM pg_class")
    cost = (slipway.postgres_bytes() - before) / count
    for client in clients:
        client.stdin.close()
        client.wait(10)
    return cost


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--tenants", type=int, default=10)
    arguments.add_argument("--binary", type=pathlib.Path, default=ROOT / "build/release/src/app/slipway")
    options = arguments.parse_args()
    if os.geteuid() != 0:
        print("run it as root: other users' memory maps are read", file=sys.stderr)
        sys.exit(77)
    if not options.binary.exists():
        sys.exit(f"{options.binary} is missing: cmake --workflow --preset release, or --binary PATH")
    subprocess.run([ROOT / "examples/automation-app/build-image"], check=True, stdout=subprocess.DEVNULL)
    place = pathlib.Path(tempfile.mkdtemp(prefix="slipway-capacity-", dir="/tmp"))
    place.chmod(0o755)
    slipway = OwnPostgres(options.binary, place / "slipway", Engine())
    rows = []
    try:
        slipway.start()
        rows.append(("Slipway, no customers", pss(slipway.process.pid)))
        rows.append(("Postgres, no customers", slipway.postgres_bytes()))
        tenants = [slipway.sign_up(number) for number in range(options.tenants)]
        wait_for(lambda: all(tenant["status"] == "active" for tenant in tenants), "every customer is active")
        table = processes()
        rows.append((f"Slipway, {len(tenants)} customers", pss(slipway.process.pid)))
        rows.append((f"Postgres, {len(tenants)} customers, their apps connected", slipway.postgres_bytes()))
        rows.append(("dockerd, all of this machine", daemons("dockerd", table)))
        rows.append(("containerd, all of this machine", daemons("containerd", table)))
        added, apps, layers = zip(*(tenant_costs(tenant, table) for tenant in tenants))
        rows.append(("a customer: Docker's shim, proxy and init (median)", statistics.median(added)))
        rows.append(("a customer: the sample app itself (median)", statistics.median(apps)))
        url = database_url(tenants[0])
        rows.append(("a further database connection", connection_cost(slipway, url, 2)))
        with_client = psql(url)
        disk = int(ask(with_client, "SELECT pg_database_size(current_database())"))
        room = ask(with_client, "SELECT current_setting('max_connections')::int"
                                " - current_setting('superuser_reserved_connections')::int")
        with_client.stdin.close()
        with_client.wait(10)
        rows.append(("disk: a customer's database", disk))
        rows.append(("disk: a container's own layer (median)", statistics.median(layers)))
        ledger = sum(path.stat().st_size for path in (slipway.directory / "data").glob("ledger.db*"))
        rows.append((f"disk: the ledger with its log, {len(tenants)} customers", ledger))
    finally:
        slipway.destroy()
        shutil.rmtree(place, ignore_errors=True)
    print(f"{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}, {datetime.date.today()}, "
          f"{options.tenants} customers, {options.binary.name} of the preset {options.binary.parents[2].name}")
    for name, size in rows:
        print(f"  {name:56} {size / MB:8.2f} MB")
    print(f"  {'database connections for all customers together':56} {room:>8}")


if __name__ == "__main__":
    main()
