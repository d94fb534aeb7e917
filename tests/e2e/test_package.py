"""The Debian package, installed for real on this machine: install, run as the unit says, upgrade, remove, purge.

Needs root and a machine without a Slipway of its own; takes everything away afterwards, also on failure.
"""

import configparser
import hashlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

import pytest

from world import binary, free_port, network_name, request, wait_until

CONFIG = pathlib.Path("/etc/slipway/slipway.yaml")
DATA = pathlib.Path("/var/lib/slipway")
PID_FILE = DATA / "postgres/data/postmaster.pid"
RUN = pathlib.Path("/run/slipway")
UNIT = pathlib.Path("/usr/lib/systemd/system/slipway.service")
WANTED = pathlib.Path("/etc/systemd/system/multi-user.target.wants/slipway.service")
LOG = pathlib.Path(f"/tmp/slipway-package-{os.getpid()}.log")
NETWORK = network_name("package", 1)


def run(*command, check=True, **options):
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, timeout=120, **options)
    assert not check or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done


def user_exists():
    return run("getent", "passwd", "slipway", check=False).returncode == 0


def dpkg(*arguments, check=True):
    """Without the triggers of other packages (an index of all man pages, each time) and without waiting for the disk."""
    return run("dpkg", "--no-triggers", "--force-unsafe-io", *arguments, check=check,
               env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})


def has_slipway():
    known = run("dpkg-query", "-W", "-f", "${db:Status-Status}", "slipway", check=False).stdout
    return known not in ("", "not-installed") or CONFIG.parent.exists() or DATA.exists() or user_exists()


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The package as built, stripped, in two versions: version -> file."""
    if os.geteuid() != 0:
        pytest.skip("installing a package needs root")
    missing = [tool for tool in ("cpack", "dpkg", "setpriv", "unshare", "setfacl", "systemd-analyze", "systemctl")
               if not shutil.which(tool)]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    if has_slipway():
        pytest.skip("there is a Slipway on this machine (package, user, /etc/slipway or /var/lib/slipway): left alone")
    build = binary().resolve().parents[2]
    found = {}
    for version in ("0.1.0", "9.9.9"):
        place = tmp_path_factory.mktemp("package")
        run("cpack", "-G", "DEB", "-D", f"CPACK_PACKAGE_VERSION={version}", "-B", place, cwd=build)
        [found[version]] = place.glob("slipway_*.deb")
    yield found
    run("dpkg", "--configure", "--pending")


def clean_up(docker=None):
    LOG.unlink(missing_ok=True)
    if docker and (DATA / "ledger.db").exists():
        for container in docker.run("ps", "-aq", "--filter", f"network={NETWORK}").stdout.split():
            docker.run("rm", "-fv", container, check=False)
        docker.run("network", "rm", NETWORK, check=False)
    if PID_FILE.exists():
        os.kill(postmaster(), signal.SIGINT)
        wait_until(lambda: not PID_FILE.exists(), "the private Postgres ended")
    dpkg("--purge", "slipway", check=False)
    for path in (CONFIG.parent, DATA, RUN):
        shutil.rmtree(path, ignore_errors=True)
    run("deluser", "--system", "--quiet", "slipway", check=False)


@pytest.fixture()
def debian(packages):
    yield packages
    clean_up()


def install(file):
    done = dpkg("-i", "--force-confdef", "--force-confold", file)
    return done.stdout + done.stderr


def unit():
    parser = configparser.RawConfigParser(strict=False, comment_prefixes="#")
    parser.optionxform = str
    parser.read(UNIT)
    return parser["Service"]


def test_installs_what_belongs_and_purges_without_a_trace(debian):
    told = install(debian["0.1.0"])
    assert "Set app.image in /etc/slipway/slipway.yaml" in told
    files = [pathlib.Path(line) for line in run("dpkg", "-L", "slipway").stdout.splitlines()]
    for path in ("/usr/bin/slipway", "/usr/share/man/man1/slipway.1.gz", "/usr/share/man/man5/slipway.yaml.5.gz",
                 "/usr/share/bash-completion/completions/slipway", "/usr/share/zsh/vendor-completions/_slipway",
                 "/usr/share/fish/vendor_completions.d/slipway.fish", "/usr/share/doc/slipway/copyright",
                 "/usr/share/doc/slipway/changelog.gz", "/usr/share/slipway/slipway.schema.json",
                 "/usr/lib/slipway/bootstrap", "/usr/lib/slipway/slipway-init", str(UNIT), str(CONFIG)):
        assert pathlib.Path(path) in files and pathlib.Path(path).is_file(), path
    for program in ("bootstrap", "slipway-init"):
        assert os.access(f"/usr/lib/slipway/{program}", os.X_OK), program
    assert run("/usr/bin/slipway", "--version").stdout == run(binary(), "--version").stdout
    assert not any(path.suffix == ".so" for path in files), "the libraries of tests/crash do not belong"
    assert ".debug_info" not in run("readelf", "-S", "-W", "/usr/bin/slipway").stdout
    bill = json.loads(pathlib.Path("/usr/share/doc/slipway/slipway.spdx.json").read_text())
    own = next(package for package in bill["packages"] if package["name"] == "slipway")
    assert own["checksums"][0]["checksumValue"] == hashlib.sha256(pathlib.Path("/usr/bin/slipway").read_bytes()).hexdigest()
    conffiles = run("dpkg-query", "-W", "-f", "${Conffiles}", "slipway").stdout
    assert conffiles.split()[::2] == [str(CONFIG)], conffiles

    user = pwd.getpwnam("slipway")
    assert user.pw_dir == str(DATA) and user.pw_shell.endswith("nologin")
    assert "docker" in run("id", "-Gn", "slipway").stdout.split()
    assert DATA.stat().st_uid == user.pw_uid
    assert (CONFIG.stat().st_mode & 0o777, CONFIG.stat().st_uid, CONFIG.stat().st_gid) == (0o640, 0, user.pw_gid)

    # Not started and not enabled: nobody has said yet what is sold, and the program says the same.
    assert not WANTED.is_symlink()
    check = run("slipway", "--config", CONFIG, "config", "check", check=False)
    assert check.returncode == 2 and "app.image: is missing" in check.stderr, check.stderr
    the_unit_is_right_and_exposes_little()
    # An upgrade does not change that.
    install(debian["9.9.9"])
    assert not WANTED.is_symlink()

    (CONFIG.parent / "resend-key").write_text("k\n")
    dpkg("--purge", "slipway")
    left = [path for path in files if path.exists() and "slipway" in path.name]
    assert left == [] and not WANTED.is_symlink()
    assert not CONFIG.parent.exists() and not DATA.exists() and not user_exists()


def the_unit_is_right_and_exposes_little():
    verified = run("systemd-analyze", "verify", "--man=no", UNIT, check=False)
    assert verified.returncode == 0 and "slipway" not in verified.stderr, verified.stderr
    rated = run("systemd-analyze", "security", "--offline=true", "--threshold=20", UNIT, check=False)
    assert rated.returncode == 0, rated.stdout


def test_a_configuration_that_is_there_before_the_package_is_kept_and_the_service_enabled(debian):
    CONFIG.parent.mkdir()
    CONFIG.write_text("app: { image: 'shop:1.4' }\ndata_dir: /var/lib/slipway\n")
    assert "app.image" not in install(debian["0.1.0"])
    assert "shop:1.4" in CONFIG.read_text() and WANTED.is_symlink()
    # Whoever disables it finds it disabled after an upgrade too.
    run("systemctl", "disable", "slipway")
    install(debian["9.9.9"])
    assert not WANTED.is_symlink()


@pytest.fixture()
def configured(debian, docker, sample_image):
    """The package, installed and told to sell the sample image on this machine's engine."""
    install(debian["0.1.0"])
    port = free_port()
    first = 31000 + os.getpid() % 100 * 10
    text = CONFIG.read_text().replace("  # image: registry.example.com/shop:1.4", f"  image: {sample_image}")
    text = text.replace("path: /", "path: /healthz").replace("domain: sslip.io", "domain: localhost")
    text = text.replace("ports: 20000-29999", f"ports: {first}-{first + 9}").replace("127.0.0.1:8080", f"127.0.0.1:{port}")
    text = text.replace("  driver: docker", f"  driver: docker\n  docker: {{ host: \"{docker.socket()}\", network: {NETWORK} }}")
    CONFIG.write_text(text + f"\ndatabase: {{ managed: {{ port: {free_port()} }} }}\n")
    # An engine that a test run started belongs to another group than docker.
    engine = docker.socket().removeprefix("unix://")
    run("setfacl", "-m", "u:slipway:rw", engine)
    processes = []

    def serve():
        processes.append(serve_like_the_unit())
        wait_until(lambda: is_ready(processes[-1], port), "the packaged Slipway is ready")
        return processes[-1]

    serve.port = port
    yield serve
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait(20)
    run("setfacl", "-x", "u:slipway", engine, check=False)
    clean_up(docker)


def serve_like_the_unit():
    """What systemd would do, as far as it can be done without it: the user, no privileges, a read-only world."""
    service = unit()
    # systemd makes these, and empties the second at each start.
    RUN.mkdir(exist_ok=True)
    shutil.chown(RUN, service["User"], service["Group"])
    script = "\n".join([
        "set -e",
        *(f"mount --bind {path} {path}" for path in service["ReadWritePaths"].split()),
        "mount -o remount,bind,ro /",
        f"umask {service['UMask']}",
        f"cd {service['WorkingDirectory']}",
        f"exec setpriv --reuid {service['User']} --regid {service['Group']} --init-groups --no-new-privs "
        f"--inh-caps=-all --bounding-set=-all {service['ExecStart']}"])
    with open(LOG, "ab") as log:
        return subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdin=subprocess.DEVNULL, stdout=log,
                                stderr=log)


def is_ready(process, port):
    assert process.poll() is None, f"serve ended with {process.returncode}: {LOG.read_text()}"
    try:
        return request("GET", f"http://127.0.0.1:{port}/readyz").status == 200
    except OSError:
        return False


def postmaster():
    return int(PID_FILE.read_text().split()[0])


def stop_like_the_unit(process):
    """KillMode=process: the signal is for the main process only."""
    assert unit()["KillMode"] == "process"
    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0


def test_what_the_kernel_ends_for_want_of_memory_is_not_the_service(debian):
    """The private Postgres' backends are processes of the unit: one that is killed must not restart Slipway."""
    install(debian["0.1.0"])
    assert unit()["OOMPolicy"] == "continue" and int(unit()["TasksMax"]) >= 10_000


def test_serves_as_the_unit_says_and_upgrades_under_its_customers(configured, debian, docker):
    process = configured()
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        name, _, value = line.partition(":\t")
        expected = {"Uid": str(pwd.getpwnam("slipway").pw_uid), "NoNewPrivs": "1", "CapEff": "0" * 16, "CapBnd": "0" * 16}
        if name in expected:
            assert value.split("\t")[0] == expected[name], line
    slipway = ["slipway", "--config", str(CONFIG)]
    run(*slipway, "provision", "--email", "ann@acme.example", "--subdomain", "acme", "--company", "Acme Ltd")
    assert "active" in run(*slipway, "show", "acme").stdout
    [container] = docker.run("ps", "-q", "--filter", f"network={NETWORK}").stdout.split()
    database = postmaster()
    edited = CONFIG.read_text()

    # The upgrade: files first, then the restart, which here the test does in systemd's place.
    install(debian["9.9.9"])
    assert run("dpkg-query", "-W", "-f", "${Version}", "slipway").stdout == "9.9.9"
    assert CONFIG.read_text() == edited and CONFIG.stat().st_mode & 0o777 == 0o640
    stop_like_the_unit(process)
    assert pathlib.Path(f"/proc/{database}").exists()
    process = configured()
    assert postmaster() == database
    assert docker.run("ps", "-q", "--filter", f"network={NETWORK}").stdout.split() == [container]
    assert "active" in run(*slipway, "show", "acme").stdout

    # The end, as docs/operating/install.md has it.
    stop_like_the_unit(process)
    run("setpriv", "--reuid", "slipway", "--regid", "slipway", "--init-groups", *slipway, "database", "stop")
    assert not PID_FILE.exists()
    dpkg("--remove", "slipway")
    assert docker.run("ps", "-q", "--filter", f"network={NETWORK}").stdout.split() == [container]
    told = dpkg("--purge", "slipway").stdout
    # Customers' data is nobody's to throw away but the operator's.
    assert "rm -rf /var/lib/slipway && deluser --system slipway" in told
    assert (DATA / "ledger.db").exists() and (DATA / "master.key").exists() and user_exists()
    assert not CONFIG.parent.exists() and not UNIT.exists()


def test_install_to_a_prefix_of_ones_own_needs_no_root(place):
    build = binary().resolve().parents[2]
    run("cmake", "--install", build, "--prefix", place / "here")
    here = place / "here"
    assert run(here / "bin/slipway", "--version").stdout == run(binary(), "--version").stdout
    for file in ("share/man/man1/slipway.1", "share/man/man5/slipway.yaml.5", "share/slipway/slipway.schema.json",
                 "share/bash-completion/completions/slipway", "share/doc/slipway/examples/slipway.yaml",
                 "lib/slipway/bootstrap", "lib/slipway/slipway-init"):
        assert (here / file).is_file(), file
    started = (here / "lib/systemd/system/slipway.service").read_text()
    assert f"ExecStart={here}/bin/slipway serve --config /etc/slipway/slipway.yaml" in started
    # Nothing of what is linked into the program, and nothing for tests, comes along.
    assert not list(here.rglob("*.a")) and not list(here.rglob("*.hpp"))
