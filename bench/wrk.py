"""The load generator, and the web server that plain answers are held against."""

import json
import os
import pathlib
import shutil
import subprocess

from lab import ROOT
from machine import free_port, wait_for

# wrk's own two seconds fail a smoke run on a machine that is busy with other things.
ANSWER_WITHIN_SECONDS = 30
HERE = pathlib.Path(__file__).resolve().parent


def available():
    return shutil.which("wrk") is not None


def load(url, connections, seconds, **environment):
    """{requests, seconds, p50_ms, p95_ms, errors, late} of one thread with so many kept connections."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={ANSWER_WITHIN_SECONDS}s", "-s",
               HERE / "load.lua", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
    found = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))
    if found["errors"] or found["late"]:
        raise RuntimeError(f"of {found['requests']} requests to {url}, {found['errors']} failed and {found['late']} took more "
                           f"than {ANSWER_WITHIN_SECONDS} s")
    found["rate"] = found["requests"] / found["seconds"]
    return found


def nginx_program():
    """Debian's; where it is not installed, the one that tools/setup.sh (fetch_nginx) unpacked."""
    for path in (shutil.which("nginx"), "/usr/sbin/nginx", ROOT / "build/cache/nginx/usr/sbin/nginx"):
        if path and pathlib.Path(path).exists():
            return pathlib.Path(path)
    return None


class Nginx:
    """One worker that answers every request with the same few bytes."""

    def __init__(self, directory, body):
        self.port = free_port()
        directory.mkdir()
        config = directory / "nginx.conf"
        config.write_text(f"""
daemon off; worker_processes 1; pid {directory}/pid; error_log {directory}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 1000000000; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
  fastcgi_temp_path {directory}/fastcgi; uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
  server {{ listen 127.0.0.1:{self.port}; default_type application/json; return 200 '{body}'; }}
}}
""")
        self.process = subprocess.Popen([nginx_program(), "-p", directory, "-c", config, "-e", directory / "error.log"])
        wait_for(lambda: load_once(self.port), "nginx answers")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def load_once(port):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/healthz")
    return connection.getresponse().status == 200
