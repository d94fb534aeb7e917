"""A hub that gives each user a container of the sample app, as bench/rows/peers.py starts it; its settings come in a file."""

import json
import os

settings = json.load(open(os.environ["BENCH_HUB_SETTINGS"]))
c = get_config()  # noqa: F821  JupyterHub defines it
c.JupyterHub.bind_url = f"http://127.0.0.1:{settings['port']}"
c.JupyterHub.hub_bind_url = f"http://127.0.0.1:{settings['hubPort']}"
c.ConfigurableHTTPProxy.command = [settings["proxy"]]
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{settings['proxyPort']}"
c.JupyterHub.db_url = f"sqlite:///{settings['directory']}/hub.sqlite"
c.JupyterHub.cookie_secret_file = f"{settings['directory']}/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{settings['directory']}/proxy.pid"
c.JupyterHub.log_level = "ERROR"
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.services = [{"name": "bench", "api_token": settings["token"]}]
c.JupyterHub.load_roles = [{"name": "bench", "scopes": ["admin:users", "admin:servers", "access:servers"],
                            "services": ["bench"]}]
c.JupyterHub.spawner_class = "docker"
c.DockerSpawner.image = settings["container"]["Image"]
c.DockerSpawner.cmd = ["serve"]  # the image has an entrypoint alone, which takes no notice of words
c.DockerSpawner.args = []
c.DockerSpawner.port = 8080
c.DockerSpawner.network_name = settings["container"]["HostConfig"]["NetworkMode"]
c.DockerSpawner.use_internal_ip = False
c.DockerSpawner.host_ip = "127.0.0.1"
c.DockerSpawner.remove = True
c.DockerSpawner.name_template = "slipway-bench-{username}"
c.DockerSpawner.environment = {"DATABASE_URL": settings["databaseUrl"], "COMPANY_NAME": "Hub", "TENANT_ID": "hub"}
c.DockerSpawner.extra_create_kwargs = {"labels": settings["container"]["Labels"]}
limits = settings["container"]["HostConfig"]
c.DockerSpawner.cpu_limit = limits["NanoCpus"] / 1e9
c.DockerSpawner.extra_host_config = {
    "mem_limit": limits["Memory"], "memswap_limit": limits["MemorySwap"],
    "pids_limit": limits["PidsLimit"], "init": True, "read_only": True, "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"], "tmpfs": {"/tmp": "size=64m"}}
