"""A Postgres of a test's own that containers reach over Docker's bridge: real, empty, gone afterwards."""
import ipaddress
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
PASSWORD = "the-administrators-password"


def bridge_address():
    """This machine, as a container of Docker's default bridge sees it."""
    config = json.loads(subprocess.run(["docker", "network", "inspect", "bridge", "--format", "{{json .IPAM.Config}}"],
                                       capture_output=True, text=True, check=True, timeout=20).stdout)[0]
    return config.get("Gateway") or str(next(ipaddress.ip_network(config["Subnet"]).hosts()))


class Postgres:
    def __enter__(self):
        self.host = bridge_address()
        with socket.socket() as probe:
            probe.bind((self.host, 0))
            self.port = probe.getsockname()[1]
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="slipway-aws-postgres-"))
        user = pwd.getpwnam("postgres")
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        (self.folder / "password").write_text(PASSWORD)
        self._as_postgres("initdb", "-D", str(self.folder / "data"), "-U", "admin", "--pwfile",
                          str(self.folder / "password"), "-A", "scram-sha-256", "--no-sync")
        with open(self.folder / "data/pg_hba.conf", "a") as hba:
            hba.write("host all all 0.0.0.0/0 scram-sha-256\n")
        self.start()
        return self

    def start(self):
        self._as_postgres("pg_ctl", "-D", str(self.folder / "data"), "-w", "-t", "60", "-l",
                          str(self.folder / "data/log"), "-o",
                          f"-p {self.port} -c listen_addresses={self.host} -c unix_socket_directories={self.folder} "
                          "-c fsync=off", "start")

    def stop(self):
        self._as_postgres("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @staticmethod
    def _as_postgres(program, *arguments):
        done = subprocess.run(["runuser", "-u", "postgres", "--", str(BIN / program), *arguments], cwd="/",
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
                              stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout

    def ask(self, sql, user="admin", password=PASSWORD, database="postgres"):
        """The answer as text, columns separated by |; raises with the server's words."""
        done = subprocess.run(["psql", "-X", "-At", "-h", self.host, "-p", str(self.port), "-U", user, "-d", database,
                               "-c", sql], env={**os.environ, "PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10"},
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def names(self):
        """Roles and databases that are not Postgres' own."""
        return self.ask("SELECT rolname FROM pg_roles WHERE rolname ~ '^sw_' UNION ALL "
                        "SELECT datname FROM pg_database WHERE datname ~ '^sw_'").split()
