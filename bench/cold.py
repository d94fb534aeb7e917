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

from lab import container_spec

PORT = 26500  # outside the range from which the system takes ports for outgoing connections


class ColdFloor:
    def __init__(self, engine, postgres, network):
        self.engine, self.postgres = engine, postgres
        self.network = network
        self.database = postgres.connect()
        config = engine.call("GET", f"/networks/{network}")["IPAM"]["Config"][0]
        self.gateway = config["Gateway"]

    def create(self, name, database_url, port):
        spec = container_spec(self.network)
        spec["Env"] = [f"DATABASE_URL={database_url}", "COMPANY_NAME=Floor", f"TENANT_ID={name}"]
        spec["HostConfig"]["PortBindings"] = {"8080/tcp": [{"HostPort": str(port)}]}
        return self.engine.call("POST", f"/containers/create?name=slipway-bench-{name}", spec)["Id"]

    def once(self, number):
        name = f"floor_{number}"
        began = time.perf_counter()
        container = self.with_database(name, PORT)
        took = (time.perf_counter() - began) * 1000
        self.remove_with_database(name, container)
        return took

    def with_database(self, name, port):
        """Role and database beside create, then start and first answer."""
        password = secrets.token_hex(16)

        def make_database():
            self.database.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
            self.database.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0 STRATEGY wal_log")

        beside = threading.Thread(target=make_database)
        beside.start()
        url = f"postgresql://{name}:{password}@{self.gateway}:{self.postgres.port}/{name}"
        container = self.create(name, url, port)
        beside.join()  # the app migrates its schema when it starts
        self.engine.call("POST", f"/containers/{container}/start")
        first_answer(port)
        return container

    def remove_with_database(self, name, container):
        self.remove(container)
        self.database.execute(f"DROP DATABASE {name} WITH (FORCE)")
        self.database.execute(f"DROP ROLE {name}")

    def start_one(self, name, port):
        """Create, start, first answer; with the database that all of them share."""
        container = self.create(name, self.postgres.shared_url(self.gateway), port)
        self.engine.call("POST", f"/containers/{container}/start")
        first_answer(port)
        return container

    def remove(self, container):
        self.engine.call("DELETE", f"/containers/{container}?force=1&v=1")

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
    raise RuntimeError("the container never answered")


def slipway_cold(slipway, number):
    body = {"admin_email": "bench@example.com", "subdomain": f"bench-{number}", "company_name": "Bench"}
    began = time.perf_counter()
    status, answer = slipway.call("POST", "/provision?wait=60", body)
    took = (time.perf_counter() - began) * 1000
    if status != 200 or answer["status"] != "active":
        raise RuntimeError(f"Slipway answered {status}: {json.dumps(answer)}")
    slipway.delete(answer["tenantId"])
    return took
