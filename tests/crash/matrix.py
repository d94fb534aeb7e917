"""The scenarios, and how one of them is run with a kill at one point."""

import collections
import dataclasses
import queue
import threading
import time

from world import wait_until

SETTLE_SECONDS = 120.0     # what is wedged stays wedged
# In this order one tenant lives through them; a tenant whose turn holds no more points skips what it need not do.
LIFE = ("provision", "suspend", "resume", "restart", "heal ended", "heal removed", "delete")
FAILING_LIFE = ("fail", "retry")
# Each step of the engine, and what it does to the world; those that only write the ledger are kills around its writes.
STEPS = {
    "lease_port": "ledger write", "create_database": "postgres CREATE DATABASE", "create_instance": "docker POST /containers/create",
    "start_instance": "docker POST /containers/ID/start", "record_exit": "ledger write", "probe": "probe",
    "send_mail": "outbox rename", "stop_instance": "docker POST /containers/ID/kill",
    "close_database": "postgres ALTER ROLE", "remove_instance": "docker DELETE /containers/ID", "drop_database": "postgres DROP DATABASE", "finish": "ledger write",
}


@dataclasses.dataclass(frozen=True)
class Scenario:
    act: object     # (rig, tenant) -> Answer or None: asks for it, or does it to the world; again after a crash
    status: str     # of the tenant in the end
    mails: tuple    # that it has been sent in the end


@dataclasses.dataclass
class Result:
    scenario: str
    point: str
    nth: int
    reached: bool
    wrong: list
    seconds: float


def sign_up(rig, tenant):
    body = {"admin_email": "admin@acme.example", "company_name": "Acme", "subdomain": tenant["slug"], "userId": tenant["user"]}
    answer = rig.ask("POST", "/provision", body, {"Idempotency-Key": f"key-{tenant['slug']}"})
    if answer is not None:
        assert answer.status in (200, 202), answer.text
        assert tenant.setdefault("id", answer.json["tenantId"]) == answer.json["tenantId"], "another tenant after a retry"
    return answer


def request_of(method, action=""):
    def act(rig, tenant):
        answer = rig.ask(method, f"/v1/tenants/{tenant['id']}{action}")
        assert answer is None or answer.status in (200, 202), answer.text
        return answer
    return act


def to_container(method, path):
    """To the tenant's container by hand, once: doing it again after a crash would be another accident."""
    def act(rig, tenant):
        if tenant.get("accident") != (method, path):
            tenant["accident"] = (method, path)
            [container] = rig.containers(f"slipway.tenant={tenant['id']}")
            rig.docker(method, f"/containers/{container['Id']}{path}")
        return True
    return act


def retry(rig, tenant):
    rig.app_may_run.set()
    return request_of("POST", "/retry")(rig, tenant)


SCENARIOS = {
    "provision": Scenario(sign_up, "active", ("welcome",)),
    "suspend": Scenario(request_of("POST", "/suspend"), "suspended", ("welcome",)),
    "resume": Scenario(request_of("POST", "/resume"), "active", ("welcome",)),
    "restart": Scenario(request_of("POST", "/restart"), "active", ("welcome",)),
    "heal ended": Scenario(to_container("POST", "/kill"), "active", ("welcome",)),
    "heal removed": Scenario(to_container("DELETE", "?force=1"), "active", ("welcome",)),
    "delete": Scenario(request_of("DELETE"), "deleted", ("welcome",)),
    "fail": Scenario(sign_up, "failed", ("operator_failure",)),
    "retry": Scenario(retry, "active", ("operator_failure", "welcome")),
}


def record(rig, life):
    """The points that each scenario of a life passes, in order, and the engine's steps: two tenants live it undisturbed,
    since chance adds a write now and then that the next tenant would not make."""
    (first, steps), (second, _) = record_one(rig, life), record_one(rig, life)
    return {name: [point for point in first[name] if point in second[name]] for name in life}, steps


def record_one(rig, life):
    tenant, found = new_tenant(rig, life), {}
    for name in life:
        rig.points.record()
        scenario = SCENARIOS[name]
        scenario.act(rig, tenant)
        rig.until_killed(lambda s=scenario: not rig.wrong(tenant, s.status, s.mails), SETTLE_SECONDS)
        rig.points.disarm()
        wrong = rig.settle(tenant, scenario.status, scenario.mails, SETTLE_SECONDS)
        assert not wrong, f"{name}, undisturbed: {wrong}; its log: {rig.server.log}"
        found[name] = numbered(rig.points.noted())
    passed = {name for points in found.values() for name, _ in points}
    events = rig.server.get(f"/v1/tenants/{tenant['id']}/events?limit=1000").json["events"]
    steps = {event.get("step", "") for event in events} - {"", "inspect"}   # a look, told of only where Docker was too busy for it
    for step in steps:
        assert f"{STEPS[step]}: before" in passed, f"step {step} has no point"
    if SCENARIOS[life[-1]].status != "deleted":
        request_of("DELETE")(rig, tenant)
    return found, steps


def numbered(names):
    """(name, how many times until now); of what is asked until the app is ready only the first time."""
    counts, points = collections.Counter(), []
    for name in names:
        counts[name] += 1
        if counts[name] == 1 or not name.startswith("probe"):
            points.append((name, counts[name]))
    return points


def lives_of(life, points):
    """What is to be done: for each life the scenarios to run, each with the point at which to kill or with none."""
    lives = []
    for i in range(max(len(points[name]) for name in life)):
        turn = {name: points[name][i] for name in life if i < len(points[name])}
        if "resume" in turn or "suspend" in turn:
            turn.setdefault("suspend", None), turn.setdefault("resume", None)
        turn.setdefault(life[0], None)
        lives.append([(name, turn[name]) for name in life if name in turn])
    return lives


def new_tenant(rig, life):
    rig.app_may_run.clear()
    slug = rig.next_subdomain("f" if life is FAILING_LIFE else "c")
    return {"slug": slug, "user": f"user-{slug}"}


def run_one(rig, tenant, name, point):
    """One scenario with a kill at one point, the restart, and the look at the world."""
    scenario, began, reached, answer = SCENARIOS[name], time.monotonic(), True, None
    if point:
        rig.points.arm(*point)
    answer = scenario.act(rig, tenant)
    if point:
        reached = rig.until_killed(lambda: not rig.wrong(tenant, scenario.status, scenario.mails), SETTLE_SECONDS)
        rig.points.disarm()
        if reached:
            rig.server.process.wait()
            rig.start()
            if answer is None:
                assert scenario.act(rig, tenant) is not None, "the server died without a fault point"
    wrong = rig.settle(tenant, scenario.status, scenario.mails, SETTLE_SECONDS)
    return Result(name, *(point or ("", 0)), reached, wrong, time.monotonic() - began)


def live(rig, life, turns):
    tenant, results = new_tenant(rig, life), []
    for name, point in turns:
        result = run_one(rig, tenant, name, point)
        results.append(result)
        if result.wrong:
            break  # what follows would only tell of the same
    if SCENARIOS[name].status != "deleted":
        request_of("DELETE")(rig, tenant)
    return results


def run(rigs, work, told):
    """All lives, on these servers side by side. Each result is of a kill, or tells what went wrong without one; it is told
    as it comes."""
    jobs, results, broken = queue.SimpleQueue(), [], []
    for job in work:
        jobs.put(job)

    def worker(rig):
        try:
            while not broken:
                for result in live(rig, *jobs.get_nowait()):
                    if result.point or result.wrong:
                        results.append(result)
                        told(result)
        except queue.Empty:
            pass
        except BaseException as error:  # told by whoever started this
            broken.append(error)

    threads = [threading.Thread(target=worker, args=(rig,)) for rig in rigs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if broken:
        raise broken[0]
    return results


def wait_until_nothing_is_left(rig):
    try:
        wait_until(lambda: not rig.left_over(), "everything is gone", SETTLE_SECONDS, 0.1)
    except AssertionError:
        raise AssertionError(f"left over after the end: {rig.left_over()}") from None


def table(results):
    """Points down, scenarios across; in each cell how many kills went well of how many."""
    names = [name for name in SCENARIOS if any(r.scenario == name for r in results)]
    cells = collections.defaultdict(list)
    for result in results:
        cells[result.point, result.scenario].append(result)
    points = list(dict.fromkeys(r.point for r in sorted(results, key=lambda r: list(SCENARIOS).index(r.scenario))))
    lines = ["| point | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for point in points:
        row = []
        for name in names:
            kills = [r for r in cells[point, name] if r.reached]
            good = sum(not r.wrong for r in kills)
            row.append("" if not kills else f"{good} ok" if good == len(kills) else f"{good} of {len(kills)}!")
        lines.append(f"| {point} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"
