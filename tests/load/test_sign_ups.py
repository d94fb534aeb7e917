"""Many sign-ups at once, each sent several times: of everything there is exactly one for each customer."""

import collections
import concurrent.futures
import os
import random

import census
from world import wait_until

AT_ONCE = 64
# Of each customer: one sign-up, three repeats of it, and one of somebody else who wants the subdomain.
REQUESTS_EACH = 5


def requests_of(customer):
    """(what it is, fields, key) of one customer; all of them race."""
    name = f"load-{customer}"
    return [("first", {"subdomain": name, "userId": f"user-{name}"}, f"key-{name}"),
            ("same key", {"subdomain": name, "userId": f"user-{name}"}, f"key-{name}"),
            ("another key", {"subdomain": name, "userId": f"user-{name}"}, f"other-key-{name}"),
            ("no key", {"subdomain": name, "userId": f"user-{name}"}, None),
            ("a stranger wants the subdomain", {"subdomain": name, "userId": f"stranger-{name}"}, None)]


def sign_all_up(server, customers):
    """What was answered: customer -> [(what, status, tenant id)]."""
    wanted = [(customer, *request) for customer in range(customers) for request in requests_of(customer)]
    random.Random(7).shuffle(wanted)

    def send(job):
        customer, what, fields, key = job
        answer = server.sign_up(fields["subdomain"], key=key, **{"userId": fields["userId"]})
        return customer, what, answer

    answers = collections.defaultdict(list)
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for customer, what, answer in pool.map(send, wanted):
            assert answer.status < 500, f"{what}: {answer.status} {answer.text}"
            answers[customer].append((what, answer.status, answer.json.get("tenantId")))
    return answers


def check_answers(answers):
    """One tenant for each customer, whoever of the two that want its subdomain came first."""
    tenants = []
    for customer, given in answers.items():
        assert len(given) == REQUESTS_EACH
        ids = {tenant for _, status, tenant in given if status in (200, 202)}
        assert len(ids) == 1, f"customer {customer}: {given}"
        stranger = next(status for what, status, _ in given if what.startswith("a stranger"))
        others = {status for what, status, _ in given if not what.startswith("a stranger")}
        assert (stranger, others) == (409, {202}) or (stranger, others) == (202, {409}), f"customer {customer}: {given}"
        tenants += ids
    assert len(set(tenants)) == len(answers), "a tenant was given to two customers"
    return sorted(tenants)


def check_world(server, tenants, url):
    names = sorted(census.resource_name(server, tenant) for tenant in tenants)
    assert census.databases(url) == names, "one database each, and no other"
    assert census.roles(url) == names, "one role each, and no other"
    leases = census.leases(server)
    assert sorted(tenant for _, tenant in leases) == tenants, "one port each"
    assert len({port for port, _ in leases}) == len(tenants)
    assert [row[0] for row in census.ledger(server, "SELECT id FROM tenants ORDER BY id")] == tenants
    mails = wait_until(lambda: (lambda keys: keys if len(keys) >= len(tenants) else None)(census.mails(server)),
                       "every welcome mail is sent", 60)
    assert mails == sorted(f"{tenant}/welcome/1" for tenant in tenants), "one mail each, under its one key"


def all_active(server, count, deadline):
    wait_until(lambda: census.statuses(server) == {"active": count},
               f"{count} tenants are active", deadline, interval=0.5)


def test_on_plain_processes(on_processes):
    customers = int(os.environ.get("SLIPWAY_LOAD_TENANTS", 200))
    server = on_processes(ports=customers + 50)
    tenants = check_answers(sign_all_up(server, customers))
    all_active(server, len(tenants), deadline=60 + customers)
    url = server.app({"accessUrl": f"http://127.0.0.1:{census.leases(server)[0][0]}"}, "/env?DATABASE_URL").text
    check_world(server, tenants, url)
    processes = sorted(census.app_processes(server))
    assert processes == sorted(census.resource_name(server, tenant) for tenant in tenants), "one instance each"


def test_on_docker(on_docker, docker):
    customers = int(os.environ.get("SLIPWAY_LOAD_CONTAINERS", 50))
    server = on_docker(ports=customers + 10)
    tenants = check_answers(sign_all_up(server, customers))
    all_active(server, len(tenants), deadline=60 + 4 * customers)
    containers = docker.run("ps", "-a", "--filter", f"label=slipway.installation={server.installation()}", "--format",
                            '{{.Label "slipway.tenant"}} {{.State}}').stdout.split("\n")
    assert sorted(filter(None, containers)) == [f"{tenant} running" for tenant in tenants], "one container each"
    variables = docker.environment(docker.containers(tenant=tenants[0])[0])
    before, after = variables["DATABASE_URL"].rsplit("@", 1)
    check_world(server, tenants, f"{before}@127.0.0.1:{after.split(':', 1)[1]}")
