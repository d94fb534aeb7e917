"""Many boots at once on few processors: a newsletter, and the reboot of a full machine. Each app works for seconds before it answers; all at
once each would have so small a share of the processors that none is ready in time."""

import os
import shutil
import subprocess

from test_sign_ups import all_active
from world import PATIENCE, wait_until

APPS = int(os.environ.get("SLIPWAY_LOAD_BOOTS", 20))
BOOT_CPU_S = float(os.environ.get("SLIPWAY_LOAD_BOOT_CPU_SECONDS", 8))
WORK = "dd if=/dev/zero bs=1M count={} 2>/dev/null | sha256sum >/dev/null"


def megabytes_for(cpu_seconds):
    """How much this machine hashes in that time."""
    sample = 100
    busybox = shutil.which("busybox") or "/bin/busybox"
    began = os.times()
    subprocess.run([busybox, "sh", "-c", WORK.format(sample)], check=True, env={"PATH": os.environ["PATH"]})
    ended = os.times()
    took = ended.children_user + ended.children_system - began.children_user - began.children_system
    return int(sample * cpu_seconds / max(took, 0.01))


def starts(server, tenant):
    return sum(line.startswith("instance started") for line in server.timeline(tenant))


def test_all_who_sign_up_at_once_become_active_and_so_they_do_after_a_reboot(make_server, docker, busybox_image):
    work = WORK.format(megabytes_for(BOOT_CPU_S))
    # Half the time that they all need together: one after the other each has plenty of it.
    start_timeout = max(2 * BOOT_CPU_S, APPS * BOOT_CPU_S / os.cpu_count() / 2) * PATIENCE
    server = make_server(image=busybox_image, docker=docker, health="/", first_port=14_000, ports=APPS + 20,
                         plans="plans:\n  default: { memory: 32MiB, cpus: 2 }\n",
                         command=["sh", "-c", f"{work}; exec httpd -f -p 8080 -h /www"])
    text = server.config.read_text()
    server.config.write_text("\n".join(f"  start_timeout: {start_timeout:.0f}s" if "start_timeout" in line else line
                                       for line in text.splitlines()))
    server.start()
    together = APPS * BOOT_CPU_S / os.cpu_count()
    tenants = [server.sign_up(f"boot-{n}").json["tenantId"] for n in range(APPS)]
    all_active(server, APPS, (3 * together + 60) * PATIENCE)
    before = {tenant: starts(server, tenant) for tenant in tenants}

    server.kill()
    containers = docker.containers(installation=server.installation())
    docker.run("kill", *containers)
    server.start()
    wait_until(lambda: {starts(server, tenant) - before[tenant] for tenant in tenants} == {1}, "each is started again", (3 * together + 60) * PATIENCE, 0.5)
    all_active(server, APPS, (3 * together + 60) * PATIENCE)
    assert {tenant: starts(server, tenant) - before[tenant] for tenant in tenants} == {tenant: 1 for tenant in tenants}, "and once"
