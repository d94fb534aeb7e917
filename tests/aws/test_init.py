"""slipway-init, as the image that ECS runs, against a real Postgres."""
import subprocess
import time
import uuid

import pytest

from postgres_server import PASSWORD

TENANT = "t_01jdd2x8k40a1b2c3d4e"
NAME = "sw_ab12cd_" + TENANT[2:]


class Init:
    def __init__(self, image, postgres):
        self.image, self.postgres = image, postgres

    def run(self, command, tenant_password="first", wait=True, **changes):
        environment = {"PGHOST": self.postgres.host, "PGPORT": self.postgres.port, "PGUSER": "admin",
                       "PGPASSWORD": PASSWORD, "SLIPWAY_INSTALLATION": "ab12cd", "SLIPWAY_TENANT": TENANT,
                       "SLIPWAY_TENANT_PASSWORD": tenant_password, "SLIPWAY_CONNECTIONS": 7,
                       "SLIPWAY_STATEMENT_TIMEOUT_MS": 30000, **changes}
        name = "slipway-init-test-" + uuid.uuid4().hex[:12]
        arguments = ["docker", "run", "--rm", "--name", name, "--memory", "64m", "--read-only", "--cap-drop", "ALL"]
        for key, value in environment.items():
            if value is not None:
                arguments += ["--env", f"{key}={value}"]
        started = subprocess.Popen([*arguments, self.image, command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                   text=True)
        if not wait:
            return name, started
        output = started.communicate(timeout=150)[0]
        for secret in (PASSWORD, tenant_password):
            assert secret not in output
        return started.returncode, output


@pytest.fixture()
def init(init_image, postgres):
    made = Init(init_image, postgres)
    yield made
    made.run("drop")


def logs_in(postgres, password):
    try:
        return postgres.ask("SELECT current_user", NAME, password, NAME) == NAME
    except RuntimeError as error:
        assert "password authentication failed" in str(error), error
        return False


def test_it_makes_role_and_database_once(init, postgres):
    for _ in range(2):
        code, output = init.run("ensure")
        assert code == 0, output
        assert sorted(postgres.names()) == [NAME, NAME]
    assert logs_in(postgres, "first")
    assert postgres.ask(f"SELECT rolconnlimit, rolsuper FROM pg_roles WHERE rolname = '{NAME}'") == "7|f"


def test_another_password_takes_the_place_of_the_old_one_and_data_stays(init, postgres):
    init.run("ensure")
    postgres.ask("CREATE TABLE precious AS SELECT 42 AS answer", NAME, "first", NAME)
    code, output = init.run("ensure", tenant_password="second")
    assert code == 0, output
    assert not logs_in(postgres, "first")
    assert postgres.ask("SELECT answer FROM precious", NAME, "second", NAME) == "42"


def test_drop_leaves_nothing_and_may_be_repeated(init, postgres):
    init.run("ensure")
    for _ in range(2):
        code, output = init.run("drop", SLIPWAY_TENANT_PASSWORD=None, SLIPWAY_CONNECTIONS=None)
        assert code == 0, output
        assert postgres.names() == []


def test_killed_at_any_moment_the_next_run_ends_it(init, postgres):
    """Kills run after run, each a little later, until one gets through; what they left must not disturb."""
    for pause in (0.3, 0.35, 0.4, 0.5, 0.6, 0.8):
        name, started = init.run("ensure", wait=False)
        try:
            started.wait(pause)
        except subprocess.TimeoutExpired:
            subprocess.run(["docker", "kill", name], capture_output=True, timeout=60)
        started.communicate(timeout=60)
        code, output = init.run("ensure")
        assert code == 0, output
        assert logs_in(postgres, "first")
        assert init.run("drop")[0] == 0
        assert postgres.names() == []


def test_a_server_that_is_just_starting_is_waited_for(init, postgres):
    postgres.stop()
    name, started = init.run("ensure", wait=False)
    deadline = time.monotonic() + 60
    while "trying again" not in subprocess.run(["docker", "logs", name], capture_output=True, text=True,
                                               timeout=30).stderr:
        assert time.monotonic() < deadline and started.poll() is None
        time.sleep(0.05)
    postgres.start()
    output = started.communicate(timeout=120)[0]
    assert started.returncode == 0, output
    assert logs_in(postgres, "first")


def test_stop_is_heard_at_once(init, postgres):
    postgres.stop()
    try:
        name, started = init.run("ensure", wait=False)
        deadline = time.monotonic() + 60
        while "trying again" not in subprocess.run(["docker", "logs", name], capture_output=True, text=True,
                                                   timeout=30).stderr:
            assert time.monotonic() < deadline and started.poll() is None
            time.sleep(0.05)
        began = time.monotonic()
        subprocess.run(["docker", "stop", "--time", "30", name], check=True, capture_output=True, timeout=60)
        assert time.monotonic() - began < 20
        started.communicate(timeout=60)
        assert started.returncode == 143
    finally:
        postgres.start()


@pytest.mark.parametrize("missing", ["PGHOST", "PGPASSWORD", "SLIPWAY_TENANT", "SLIPWAY_TENANT_PASSWORD"])
def test_what_is_not_set_is_named(init, missing):
    code, output = init.run("ensure", **{missing: None})
    assert code == 1
    assert f"{missing} is not set" in output


def test_a_wrong_password_is_terminal_and_said(init):
    began = time.monotonic()
    code, output = init.run("ensure", PGPASSWORD="wrong")
    assert code == 1
    assert "password" in output and "trying again" not in output
    assert time.monotonic() - began < 60


def test_an_unknown_command_is_refused(init):
    code, output = init.run("destroy")
    assert code == 1 and "ensure, close or drop" in output
