"""What an attacker inside a customer's container can do: looked at from there, with two customers on one server.

The attacker is root in its container, with busybox for a shell. Postgres' client enters the container's network only
(nsenter), so that the server sees the address that the container has.
"""

import os
import re
import shutil
import socket
import subprocess

import pytest

from test_isolation import address, inside, reaches
from world import free_port, wait_until

PLAN = "plans:\n  default: { memory: 64MiB, cpus: 0.1, pids: 30 }\n"
CAPABILITIES = {"CHOWN": 0, "DAC_OVERRIDE": 1, "FOWNER": 3, "SETGID": 6, "SETUID": 7, "NET_BIND_SERVICE": 10}


class Pair:
    """The server, the attacker's container and its victim's."""

    def __init__(self, slipway, docker):
        self.slipway, self.docker = slipway, docker
        self.tenants = [slipway.provision(name, company_name=f"{name} secret name") for name in ("mallory", "victim")]
        self.containers = [docker.containers(tenant=t["tenantId"])[0] for t in self.tenants]
        self.attacker = self.containers[0]
        self.urls = [docker.environment(c)["DATABASE_URL"] for c in self.containers]
        self.names = [url.rsplit("/", 1)[1] for url in self.urls]

    def reaches(self, host, port):
        """For what should not be reached: where packets are dropped, a second is waited."""
        return inside(self.docker, self.attacker, "nc", "-w", "1", host, str(port)).returncode == 0

    def shell(self, script):
        return inside(self.docker, self.attacker, "sh", "-c", script)

    def psql(self, url, statement):
        """From the attacker's network."""
        if os.geteuid() != 0:
            pytest.skip("NOT TESTED from inside the container's network: nsenter needs root")
        pid = self.docker.inspect(self.attacker)["State"]["Pid"]
        return self.slipway.psql(url, statement, check=False, before=["nsenter", "-t", str(pid), "-n"])


@pytest.fixture(scope="module")
def pair(module_server, docker, busybox_image):
    return Pair(module_server(image=busybox_image, docker=docker, health="/", app="  read_only: true\n", plans=PLAN,
                              volumes=[{"name": "data", "path": "/data"}]).start(), docker)


# --- the database ---------------------------------------------------------------------------------------------------


def test_own_password_opens_its_own_database_only(pair):
    own, _, name = pair.urls[0].rpartition("/")
    assert pair.psql(pair.urls[0], "SELECT current_user || ' ' || current_database()").stdout == f"{name} {name}\n"
    for other in (pair.names[1], "postgres", "template1", "template0", "?replication=database"):
        refused = pair.psql(f"{own}/{other}", "SELECT 1")
        assert refused.returncode != 0 and re.search("reject|must be superuser", refused.stderr), (other, refused.stderr)
    # Another's role, with the attacker's own password or none; the superuser.
    password = re.search(r":([^:@]+)@", own).group(1)
    for user in (pair.names[1], "postgres", "slipway"):
        for given in (password, ""):
            for database in {"postgres", user}:
                refused = pair.psql(own.replace(f"//{name}:{password}", f"//{user}:{given}") + "/" + database, "SELECT 1")
                assert refused.returncode != 0, (user, database)


def test_the_catalogue_shows_names_only(pair):
    def seen(statement):
        done = pair.psql(pair.urls[0], statement)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())

    # What docs/security.md says: names, which are made of ids.
    assert seen("SELECT datname FROM pg_database") == {"postgres", "template0", "template1", *pair.names}
    assert set(pair.names) <= seen("SELECT rolname FROM pg_roles")
    everything = "".join(pair.psql(pair.urls[0], f"SELECT * FROM {table}").stdout
                         for table in ("pg_database", "pg_roles", "pg_stat_activity", "pg_shdescription", "pg_settings",
                                       "pg_tablespace", "pg_db_role_setting"))
    assert pair.names[1] in everything
    for word in ("mallory", "victim", "secret name", "SCRAM-SHA-256$", str(pair.slipway.directory) + "/master"):
        assert word not in everything, word
    victim = pair.psql(pair.urls[0], f"SELECT query FROM pg_stat_activity WHERE usename <> current_user AND usename IS NOT NULL")
    assert set(victim.stdout.splitlines()) <= {"<insufficient privilege>"}


@pytest.mark.parametrize("statement", [
    "SELECT * FROM pg_authid",
    "SELECT * FROM pg_shadow",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE ROLE more",
    "CREATE DATABASE more",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER CONNECTION LIMIT 1000",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "ALTER SYSTEM SET listen_addresses = '*'",
    "SET SESSION AUTHORIZATION {victim}",
    "SET ROLE {victim}",
    "GRANT {victim} TO CURRENT_USER",
    "DROP DATABASE {victim}",
    "ALTER DATABASE {victim} CONNECTION LIMIT 0",
    "ALTER ROLE {victim} PASSWORD 'x'",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user",
    "CREATE FUNCTION f() RETURNS int AS '/lib/x86_64-linux-gnu/libc.so.6', 'getpid' LANGUAGE c",
])
def test_no_statement_reaches_further(pair, statement):
    refused = pair.psql(pair.urls[0], statement.format(victim=f'"{pair.names[1]}"'))
    assert refused.returncode != 0, refused.stdout
    assert re.search("permission denied|must be|superuser|not allowed|must have", refused.stderr), refused.stderr


# --- the network ----------------------------------------------------------------------------------------------------


def host_addresses():
    listed = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    return [entry for entry in listed if ":" not in entry]


def listening(pid):
    """The addresses on which a process listens, from /proc."""
    inodes = set()
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            inodes.add(re.sub(r"\D", "", os.readlink(entry.path)))
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in open(f"/proc/{pid}/net/{table}").read().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.add((fields[1].split(":")[0], int(fields[1].split(":")[1], 16)))
    return found


def test_the_api_is_on_loopback_only_and_not_to_be_had_from_inside(pair):
    assert listening(pair.slipway.process.pid) == {("0100007F", pair.slipway.api_port)}
    gateway = pair.docker.inspect(pair.slipway.network)["IPAM"]["Config"][0]["Gateway"]
    assert reaches(pair.docker, pair.attacker, gateway, pair.slipway.database_port)   # the way to the machine is open
    for host in {gateway, "127.0.0.1", *host_addresses()}:
        assert not pair.reaches(host, pair.slipway.api_port), host
    assert pair.slipway.get("/healthz").status == 200


def test_a_neighbours_container_is_out_of_reach(pair):
    network = pair.slipway.network
    victim = address(pair.docker, pair.containers[1], network)
    assert reaches(pair.docker, pair.attacker, address(pair.docker, pair.attacker, network), "8080")
    for port in ("8080", "5432"):
        assert not pair.reaches(victim, port), port
    # By its name, which Docker's resolver knows; and over UDP or with packets of the attacker's own making.
    assert not pair.reaches(pair.docker.inspect(pair.containers[1])["Name"].strip("/"), "8080")
    assert pair.shell(f"/bin/busybox ping -c 1 -W 1 {victim}").returncode != 0
    assert pair.shell("/bin/busybox ip link set eth0 down").returncode != 0
    assert pair.shell("/bin/busybox arping -c 1 -I eth0 " + victim).returncode != 0


def run_as_root(*command):
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture()
def metadata_service():
    """A stand-in for a cloud's metadata service: a web server at a link-local address one hop away from the machine,
    as on EC2. Its packets' hop limit can be set, as EC2's can."""
    missing = [tool for tool in ("ip", "iptables", "nsenter") if not shutil.which(tool)]
    if os.geteuid() != 0 or missing:
        pytest.skip(f"NOT TESTED: a metadata service; needs root and {', '.join(missing) or 'nothing else'}")
    name = f"sw{os.getpid()}"
    number = os.getpid() % 250 + 1
    run_as_root("ip", "netns", "add", name)
    server = None
    try:
        run_as_root("ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        run_as_root("ip", "addr", "add", f"169.254.77.{number}/32", "dev", name)
        run_as_root("ip", "link", "set", name, "up")
        run_as_root("ip", "route", "add", f"169.254.78.{number}/32", "dev", name)
        for command in (["ip", "addr", "add", f"169.254.78.{number}/32", "dev", "eth0"], ["ip", "link", "set", "eth0", "up"],
                        ["ip", "route", "add", "default", "dev", "eth0"]):
            run_as_root("ip", "netns", "exec", name, *command)
        server = subprocess.Popen(["ip", "netns", "exec", name, "/bin/busybox", "httpd", "-f", "-p", "80", "-h", "/proc/self"])
        found = Metadata(name, f"169.254.78.{number}")
        wait_until(found.reachable_from_the_machine, "the stand-in answers", 20)
        yield found
    finally:
        if server:
            server.kill()
            server.wait(10)
        run_as_root("ip", "netns", "del", name)


class Metadata:
    def __init__(self, namespace, address):
        self.namespace, self.address = namespace, address

    def reachable_from_the_machine(self):
        try:
            socket.create_connection((self.address, 80), timeout=2).close()
            return True
        except OSError:
            return False

    def limit_hops(self, hops):
        run_as_root("ip", "netns", "exec", self.namespace, "sysctl", "-qw", f"net.ipv4.ip_default_ttl={hops}")


def test_a_metadata_service_is_reached_unless_the_machine_is_set_up_as_documented(pair, metadata_service):
    """Slipway blocks nothing here; docs/security.md says so, and what to do. Both ways that it names do it."""
    service = metadata_service
    assert reaches(pair.docker, pair.attacker, service.address, "80"), "security.md says that Slipway does not block it"
    service.limit_hops(1)
    assert service.reachable_from_the_machine()
    assert not pair.reaches(service.address, "80")
    service.limit_hops(64)
    assert reaches(pair.docker, pair.attacker, service.address, "80")
    rule = ["DOCKER-USER", "-d", service.address, "-j", "DROP"]
    run_as_root("iptables", "-w", "-I", *rule)
    try:
        assert not pair.reaches(service.address, "80")
        assert service.reachable_from_the_machine()
    finally:
        run_as_root("iptables", "-w", "-D", *rule)


# --- the machine ----------------------------------------------------------------------------------------------------


def test_nothing_of_the_machine_is_in_the_container(pair):
    found = pair.shell("/bin/busybox find / -name docker.sock -o -name ledger.db -o -name master.key -o -name slipway.sock "
                       "-o -name slipway.yaml 2>/dev/null")
    assert found.stdout == ""
    mounts = {line.split()[1]: line.split()[2] for line in pair.shell("/bin/busybox cat /proc/mounts").stdout.splitlines()}
    of_its_own = {"/", "/data", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/sbin/docker-init"}
    assert of_its_own - {"/sbin/docker-init"} <= mounts.keys()
    for place in mounts.keys() - of_its_own:
        assert place.startswith(("/proc", "/sys", "/dev", "/tmp")), place
    # No disk of the machine, and none can be made.
    assert pair.shell("/bin/busybox find /dev -type b").stdout == ""
    assert pair.shell("/bin/busybox mknod /tmp/disk b 254 0").returncode != 0
    processes = pair.shell("/bin/busybox ps -o args").stdout
    assert "httpd" in processes and "slipway" not in processes and "postgres" not in processes


def test_no_rights_beyond_the_list(pair):
    status = dict(line.split(":\t", 1) for line in pair.shell("/bin/busybox cat /proc/1/status").stdout.splitlines())
    allowed = sum(1 << bit for bit in CAPABILITIES.values())
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) & ~allowed == 0, (name, status[name])
    assert int(status["CapBnd"], 16) == allowed
    assert status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2"
    own = dict(line.split(":\t", 1) for line in pair.shell("/bin/busybox cat /proc/self/status").stdout.splitlines())
    assert own["NoNewPrivs"].strip() == "1"
    for attempt in ("mount -t tmpfs none /data", "unshare -m /bin/sh -c true", "chroot / /bin/true", "hostname x",
                    "nsenter -t 1 -m /bin/true", "sh -c ': >>/proc/sys/kernel/panic'",
                    "sh -c ': >>/proc/sysrq-trigger'", "dmesg"):
        refused = pair.shell(f"/bin/busybox {attempt}")
        assert refused.returncode != 0, (attempt, refused.stdout)


def test_it_writes_only_to_its_volume_and_to_memory(pair):
    script = """for d in $(/bin/busybox find / -type d ! -path '/proc/*' ! -path '/sys/*' 2>/dev/null) /proc /sys; do
                  /bin/busybox touch $d/.probe 2>/dev/null && { echo $d; /bin/busybox rm $d/.probe; }; done"""
    assert set(pair.shell(script).stdout.split()) == {"/data", "/tmp", "/dev", "/dev/shm", "/dev/mqueue"}
    in_memory = {line.split()[1]: line.split()[2] for line in pair.shell("/bin/busybox cat /proc/mounts").stdout.splitlines()}
    for place in ("/tmp", "/dev", "/dev/shm"):
        assert in_memory[place] == "tmpfs"
    # Its own volume, and no other's.
    assert pair.shell("echo mine >/data/file").returncode == 0
    assert inside(pair.docker, pair.containers[1], "ls", "/data").stdout == ""


# --- the limits -----------------------------------------------------------------------------------------------------


def serves(pair):
    """Whether both answer."""
    return all(pair.slipway.serves(tenant) for tenant in pair.tenants)


def processes(pair):
    """What runs in the attacker's container now."""
    return pair.docker.run("top", pair.attacker).stdout.splitlines()[1:]


@pytest.mark.alone
def test_a_fork_bomb_stays_in_its_container(pair):
    before = len(processes(pair))
    bomb = pair.shell("b() { b | b & }; b 2>/dev/null; for i in $(/bin/busybox seq 200); do /bin/busybox sleep 2 & done 2>&1; wait")
    assert "fork" in bomb.stdout + bomb.stderr or bomb.returncode != 0
    limit = int(re.search(r"(\d+)", pair.shell("/bin/busybox cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; true").stdout
                          or "30").group(1))
    assert limit == 30
    assert pair.docker.inspect(pair.attacker)["HostConfig"]["PidsLimit"] == 30
    assert inside(pair.docker, pair.containers[1], "true").returncode == 0    # the neighbour can still fork
    assert pair.slipway.app(pair.tenants[1]).status == 200
    wait_until(lambda: len(processes(pair)) == before and serves(pair), "the attacker's container is usable again", 60)


@pytest.mark.alone
def test_memory_in_every_writable_place_counts(pair):
    # Each part fits where it is written; together they are more than the plan's 64 MiB.
    for place in ("/dev/shm", "/dev"):
        # Without a fork after the last dd: where memory is full, none may come about, and what fills it would stay.
        filled = pair.shell(f"""fill() {{ /bin/busybox dd if=/dev/zero of=$1/fill bs=1M count=$2 2>&1; echo "$1 ended with $?"; }}
                                fill /tmp 10; fill {place} 60; : >{place}/fill; : >/tmp/fill""")
        assert "/tmp ended with 0" in filled.stdout and f"{place} ended with 0" not in filled.stdout, filled
        # The kernel may have ended the app too; then it has been started anew.
        assert pair.slipway.wait_status(pair.tenants[0]["tenantId"], "active")
        wait_until(lambda: serves(pair), "both answer", 60)
        [pair.attacker] = pair.docker.containers(tenant=pair.tenants[0]["tenantId"])


@pytest.mark.alone
def test_processors_are_shared_out(pair):
    def throttled():
        text = pair.shell("/bin/busybox cat /sys/fs/cgroup/cpu/cpu.stat /sys/fs/cgroup/cpu.stat 2>/dev/null; true").stdout
        return int(re.search(r"nr_throttled (\d+)", text).group(1))

    before = throttled()
    loops = [subprocess.Popen(["docker", "exec", pair.attacker, "/bin/busybox", "timeout", "30", "/bin/busybox", "sh", "-c",
                               "while :; do :; done"]) for _ in range(3)]
    try:
        wait_until(lambda: throttled() > before, "the kernel holds it back", 25)
        assert pair.slipway.app(pair.tenants[1]).status == 200
    finally:
        for loop in loops:   # what they left inside goes with the container, after this last test of the file
            loop.kill()
            loop.wait(30)
