"""Slipway's own image: built onto a base that is made of this machine's files, and run beside its tenants."""

import io
import os
import pathlib
import re
import shutil
import subprocess
import tarfile

import pytest

from world import ROOT, binary, free_port, request, wait_until

POSTGRES = pathlib.Path("/usr/lib/postgresql/15")


def shared_objects(program):
    """The libraries that a program of this machine needs, its loader among them."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return {pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}


def base_of_this_machine(docker, tag):
    """What debian:12-slim with the packages that Slipway needs would have of it: a shell, Postgres, libraries."""
    programs = [POSTGRES / "bin" / name for name in ("initdb", "postgres", "pg_ctl")]
    modules = [path for path in (POSTGRES / "lib").glob("*.so") if not path.name.startswith("llvm")]
    files = set(programs) | set(modules)
    for program in [binary(), *programs, *modules]:
        files |= shared_objects(program)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for link in ("bin", "lib", "lib64", "sbin"):
            info = tarfile.TarInfo(link)
            info.type, info.linkname = tarfile.SYMTYPE, f"usr/{link}"
            tar.addfile(info)
        for name, text in {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/group": "root:x:0:\n"}.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text.encode()))
        for name, mode in {"tmp": 0o1777, "var": 0o755, "var/lib": 0o755, "root": 0o700}.items():
            info = tarfile.TarInfo(name)
            info.type, info.mode = tarfile.DIRTYPE, mode
            tar.addfile(info)
        busybox = pathlib.Path(shutil.which("busybox")).resolve()
        for applet in ("sh", "mkdir", "chown", "chmod"):
            tar.add(busybox, f"usr/bin/{applet}")
        for path in sorted(files):
            inside = str(path).lstrip("/")
            inside = inside if inside.startswith("usr/") else f"usr/{inside}"
            tar.add(path.resolve(), inside)
        for folder in ("/usr/share/postgresql/15", "/usr/share/zoneinfo"):
            tar.add(folder, folder.lstrip("/"))
    subprocess.run(["docker", "import", "-", tag], input=archive.getvalue(), check=True, capture_output=True)


@pytest.fixture()
def image(docker):
    if not (POSTGRES / "bin/postgres").exists() or not shutil.which("busybox"):
        pytest.skip("the base image is made of postgresql-15 and busybox-static, which are not both installed here")
    base, tag = "slipway-e2e-base:1", "slipway-e2e:1"
    base_of_this_machine(docker, base)
    done = subprocess.run([ROOT / "deploy/docker/build-image", "--build", binary().resolve().parents[2], "--base", base,
                           "--tag", tag], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    yield tag
    docker.run("image", "rm", "-f", tag, base, check=False)


def test_the_image_serves_beside_its_tenants(image, docker, sample_image, make_server):
    # Only for its configuration and for asking it things.
    server = make_server(image=sample_image, docker=docker)
    engine = docker.socket().removeprefix("unix://")
    server.config.write_text(server.config.read_text().replace(docker.socket(), "unix:///var/run/docker.sock")
                             .replace(f"data_dir: {server.data}", "data_dir: /var/lib/slipway")
                             .replace(f", outbox: {{ directory: {server.outbox} }}", ""))
    name = f"slipway-e2e-image-{free_port()}"
    data = f"{name}-data"
    docker.run("run", "-d", "--init", "--name", name, "--network", "host", "--group-add", os.stat(engine).st_gid,
               "-v", f"{engine}:/var/run/docker.sock", "-v", f"{server.config}:/etc/slipway/slipway.yaml:ro",
               "-v", f"{data}:/var/lib/slipway", image)

    def ready():
        assert docker.inspect(name)["State"]["Running"], docker.run("logs", name).stderr
        try:
            return request("GET", server.url("/readyz"), timeout=10).status == 200
        except OSError:
            return False

    try:
        wait_until(ready, "Slipway in its container is ready", 20)
        assert request("GET", server.url("/healthz")).status == 200
        server.key = docker.run("exec", name, "slipway", "keys", "create", "--scope", "admin", "tests").stdout.strip()
        tenant = server.sign_up("acme", wait=60).json
        assert server.app(tenant).status == 200
        # The command line inside talks to it without being told where.
        assert "acme" in docker.run("exec", name, "slipway", "ls").stdout
        # And from outside with a key, not without.
        remote = [binary(), "ls", "--server", server.url("")]
        with_key = subprocess.run(remote, capture_output=True, text=True, env={**os.environ, "SLIPWAY_API_KEY": server.key})
        assert with_key.returncode == 0 and "acme" in with_key.stdout, with_key.stderr
        without = {name: value for name, value in os.environ.items() if name != "SLIPWAY_API_KEY"}
        assert subprocess.run(remote, capture_output=True, env=without).returncode == 5
        # A restart of the container ends its private Postgres, too; both come back, and the tenant was never away.
        [container] = docker.containers(tenant=tenant["tenantId"])
        docker.run("restart", name)
        wait_until(ready, "Slipway is ready again")
        server.wait_status(tenant["tenantId"], "active")
        assert docker.containers(tenant=tenant["tenantId"]) == [container]
        assert server.app(tenant).status == 200
    except AssertionError as error:
        raise AssertionError(f"{error}\n{docker.run('logs', name).stderr}") from error
    finally:
        containers = docker.run("ps", "-aq", "--filter", f"network={server.network}").stdout.split()
        docker.run("rm", "-fv", name, *containers, check=False)
        docker.run("volume", "rm", "-f", data, check=False)
        docker.run("network", "rm", server.network, check=False)
