"""One cold provisioning: Slipway's whole way from a sign-up to a proven URL, and the floor that nothing can beat.

The floor is the raw Engine API: create, start, first answer through the published port, with the same image, limits and
network, and with role and database made beside it on an open connection. It has no ledger, no checks, no mail and no
names to keep, and asks for the first answer without pause.
"""

import http.client
import json
import secrets
import threading
import time

PORT = 46500


class ColdFloor:
    def __init__(self, engine, postgres, network):
        self.engine, self.postgres = engine, postgres
        self.network = network
        self.database = postgres.connect()
        config = engine.call("GET", f"/networks/{network}")["IPAM"]["Config"][0]
        self.gateway = config["Gateway"]

    def once(self, number):
        name, password = f"floor_{number}", secrets.token_hex(16)
        spec = {
            "Image": "automation-app:1",
            "Env": [f"DATABASE_URL=postgresql://{name}:{password}@{self.gateway}:{self.postgres.port}/{name}",
                    "COMPANY_NAME=Floor", f"TENANT_ID={name}"],
            "ExposedPorts": {"8080/tcp": {}},
            "HostConfig": {"NetworkMode": self.network, "Memory": 256 << 20, "MemorySwap": 256 << 20,
                           "NanoCpus": 500_000_000, "PidsLimit": 256, "Init": True, "ReadonlyRootfs": True,
                           "CapDrop": ["ALL"], "SecurityOpt": ["no-new-privileges"], "Tmpfs": {"/tmp": "size=64m"},
                           "PortBindings": {"8080/tcp": [{"HostPort": str(PORT)}]}},
        }

        def make_database():
            self.database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
            self.database.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 STRATEGY wal_log")

        began = time.perf_counter()
        beside = threading.Thread(target=make_database)
        beside.start()
        container = self.engine.call("POST", f"/containers/create?name=slipway-bench-{name}", spec)["Id"]
        beside.join()  # the app migrates its schema when it starts
        self.engine.call("POST", f"/containers/{container}/start")
        first_answer(PORT)
        took = (time.perf_counter() - began) * 1000
        self.engine.call("DELETE", f"/containers/{container}?force=1&v=1")
        self.database.execute(f"DROP DATABASE {name} WITH (FORCE)")
        self.database.execute(f"DROP ROLE {name}")
        return took

    def close(self):
        self.database.close()


def first_answer(port):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
    raise RuntimeError("the floor's container never answered")


def slipway_cold(slipway, number):
    body = {"admin_email": "bench@example.com", "subdomain": f"bench-{number}", "company_name": "Bench",
            "userId": f"bench-{number}"}
    began = time.perf_counter()
    status, answer = slipway.call("POST", "/provision?wait=60", body)
    took = (time.perf_counter() - began) * 1000
    if status != 200 or answer["status"] != "active":
        raise RuntimeError(f"Slipway answered {status}: {json.dumps(answer)}")
    slipway.delete(answer["tenantId"])
    return took
