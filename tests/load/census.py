"""What there is in the world of one Slipway, counted."""

import contextlib
import os
import pathlib
import sqlite3
import subprocess


def ledger(server, statement):
    with contextlib.closing(sqlite3.connect(f"file:{server.data / 'ledger.db'}?mode=ro", uri=True)) as connection:
        return connection.execute(statement).fetchall()


def statuses(server):
    """status -> how many tenants have it."""
    return dict(ledger(server, "SELECT status, count(*) FROM tenants GROUP BY status"))


def leases(server):
    """(port, tenant), ascending."""
    return ledger(server, "SELECT port, tenant_id FROM ports WHERE status = 'leased' ORDER BY port")


def resource_name(server, tenant):
    """As model/names.hpp has it: the installation and the id without its "t_"."""
    return f"sw_{server.installation()}_{tenant[2:]}"


def app_processes(server):
    """The instance that each app's process belongs to: one entry for each process of ours that runs the app's program."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            variables = (entry / "environ").read_bytes().split(b"\0")
            if not (entry / "exe").resolve().name.startswith("slipway_test_app"):
                continue
        except OSError:
            continue
        folders = [pathlib.Path(v.split(b"=", 1)[1].decode()) for v in variables if v.startswith(b"SLIPWAY_INSTANCE=")]
        found += [folder.name for folder in folders if folder.is_relative_to(server.data)]
    return found


def postgres(url, statement):
    """Rows of one column, asked as a tenant: the catalogues show everyone which databases and roles there are."""
    done = subprocess.run(["psql", "-XAtq", "-c", statement, url], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


def databases(url):
    return postgres(url, "SELECT datname FROM pg_database WHERE datname LIKE 'sw\\_%' ORDER BY 1")


def roles(url):
    return postgres(url, "SELECT rolname FROM pg_roles WHERE rolname LIKE 'sw\\_%' ORDER BY 1")


def connections(url):
    return int(postgres(url, "SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL")[0])


def mails(server):
    """The keys of the mails in the outbox: tenant/purpose/number."""
    return sorted(path.stem.replace("+", "/") for path in server.outbox.glob("*.eml"))


def disk_bytes(folder):
    """What the files below take, of those that are still there when they are looked at."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(root, name)).st_blocks * 512
    return total


def resident_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has no resident memory")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))
