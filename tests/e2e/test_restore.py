"""A copy of a database is its customer's code: restored, it gives nobody rights, and brings everything back."""

import importlib.machinery
import importlib.util
import os
import subprocess

import pytest
from test_lifecycle import host_url
from world import ROOT, wait_until, without_password

SCRIPT = ROOT / "examples/backup/databases"


def load_script():
    loader = importlib.machinery.SourceFileLoader("databases", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("databases", loader))
    loader.exec_module(module)
    return module


class Customer:
    def __init__(self, slipway, docker, name):
        self.slipway = slipway
        self.tenant = slipway.provision(name)
        self.url = host_url(slipway, docker, self.tenant)
        self.name = self.url.rsplit("/", 1)[1]

    def ask(self, sql, check=True):
        return self.slipway.psql(self.url, sql, check=check).stdout.strip()

    def superuser(self, sql, database="postgres"):
        environment = os.environ | load_script().connection(self.slipway.data) | {"PGDATABASE": database}
        return subprocess.run(["psql", "-XAtq", "-c", sql], env=environment, capture_output=True, text=True, check=True,
                              timeout=30).stdout.strip()

    def dump(self):
        target = self.slipway.data.parent / "copies"
        subprocess.run([SCRIPT, "dump", self.slipway.data, target], check=True, timeout=120)
        return target / f"{self.name}.dump"

    def restore(self, file):
        return subprocess.run([SCRIPT, "restore", self.slipway.data, file], capture_output=True, text=True, check=False,
                              timeout=120)

    def rights(self):
        """Roles that may do more than a customer's, members of such, and whose the database is."""
        return self.superuser(
            "SELECT string_agg(rolname, ',' ORDER BY 1) FROM pg_roles WHERE rolname !~ '^pg_' AND "
            "(rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)"
            "UNION ALL SELECT count(*)::text FROM pg_auth_members WHERE roleid = 10")


@pytest.fixture(name="acme")
def a_customer(make_server, docker, busybox_image):
    return Customer(make_server(image=busybox_image, docker=docker, health="/").start(), docker, "acme")


ATTACK = """
CREATE FUNCTION public.attack() RETURNS bool LANGUAGE plpgsql {options} AS $$
DECLARE statement text;
BEGIN
  FOREACH statement IN ARRAY ARRAY['RESET ROLE', 'SET ROLE slipway', 'SET SESSION AUTHORIZATION slipway',
                                   'RESET SESSION AUTHORIZATION', 'ALTER ROLE {me} SUPERUSER', 'ALTER ROLE {me} CREATEROLE',
                                   'GRANT slipway TO {me}', 'COPY public.marks FROM PROGRAM ''id'''] LOOP
    BEGIN EXECUTE statement; EXCEPTION WHEN OTHERS THEN NULL; END;
  END LOOP;
  RETURN true;
END $$;
CREATE FUNCTION public.calm() RETURNS bool LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN public.attack(); END $$;
"""

WHERE = {
    "check": "CREATE TABLE public.t (x int CHECK (public.attack())); INSERT INTO public.t VALUES (1)",
    "default": "CREATE TABLE public.t (x int, y bool DEFAULT public.attack()); INSERT INTO public.t VALUES (1)",
    "domain": "CREATE DOMAIN public.d AS int CHECK (public.attack()); CREATE TABLE public.t (x public.d); "
              "INSERT INTO public.t VALUES (1)",
    "index": "CREATE TABLE public.t (x int); CREATE INDEX ON public.t ((public.calm())); INSERT INTO public.t VALUES (1)",
    "generated": "CREATE TABLE public.t (x int, y bool GENERATED ALWAYS AS (public.calm()) STORED); "
                 "INSERT INTO public.t VALUES (1)",
    "view": "CREATE MATERIALIZED VIEW public.t AS SELECT 1 AS x, public.attack() AS y",
}


@pytest.mark.parametrize("options", ["", "SECURITY DEFINER"])
def test_a_hostile_copy_gives_no_rights_and_comes_back_whole(acme, options):
    before = acme.rights()
    for where, sql in WHERE.items():
        acme.ask("DROP OWNED BY CURRENT_USER CASCADE")
        acme.ask(ATTACK.format(me=acme.name, options=options) + sql)
        copy = acme.dump()
        assert acme.rights() == before, f"dump, {where}"
        acme.ask("DELETE FROM public.t" if where != "view" else "SELECT 1")
        done = acme.restore(copy)
        assert done.returncode == 0, done.stderr
        assert acme.rights() == before, f"restore, {where}"
        assert acme.ask("SELECT x FROM public.t") == "1", where    # by the password that it had


def test_names_and_settings_of_the_customers_lead_the_superuser_nowhere(acme):
    before = acme.rights()
    acme.ask("CREATE TABLE public.t (x int); INSERT INTO public.t VALUES (1);" + ATTACK.format(me=acme.name, options=""))
    for schema in ("public", f'"{acme.name}"', "slipway"):
        acme.ask(f"""
            CREATE SCHEMA IF NOT EXISTS {schema};
            CREATE FUNCTION {schema}.set_config(text, text, bool) RETURNS text LANGUAGE plpgsql
              AS $$ BEGIN PERFORM public.attack(); RETURN ''; END $$;
            CREATE FUNCTION {schema}.equal(name, text) RETURNS bool LANGUAGE plpgsql
              AS $$ BEGIN PERFORM public.attack(); RETURN true; END $$;
            CREATE OPERATOR {schema}.= (LEFTARG = name, RIGHTARG = text, FUNCTION = {schema}.equal);
            CREATE VIEW {schema}.pg_extension AS SELECT 'bloom'::text AS extname, public.attack() AS extowner""")
    acme.ask(f"""ALTER DATABASE {acme.name} SET search_path = public, {acme.name}, slipway, pg_catalog;
                 ALTER DATABASE {acme.name} SET local_preload_libraries = 'missing';
                 ALTER DATABASE {acme.name} SET role = '{acme.name}';
                 ALTER DATABASE {acme.name} SET statement_timeout = 1;
                 ALTER DATABASE {acme.name} SET default_transaction_read_only = on""")
    copy = acme.dump()
    assert acme.rights() == before
    done = acme.restore(copy)
    assert done.returncode == 0, done.stderr
    assert acme.rights() == before
    assert acme.superuser("SELECT x FROM public.t", acme.name) == "1"


def test_nobody_else_works_on_it_meanwhile_and_all_is_put_back(acme):
    acme.ask("CREATE FUNCTION public.slow() RETURNS bool LANGUAGE plpgsql AS "
             "$$ BEGIN PERFORM pg_catalog.pg_sleep(3); RETURN true; END $$;"
             "CREATE TABLE public.t (x int CHECK (public.slow())); INSERT INTO public.t VALUES (1)")
    copy = acme.dump()
    # A session that holds a lock on what is to be replaced, as an app's may.
    url, environment = without_password(acme.url)
    holder = subprocess.Popen(["psql", "-XAtq", url], env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    holder.stdin.write("BEGIN; LOCK TABLE public.t;\n")
    holder.stdin.flush()
    wait_until(lambda: acme.superuser("SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND database = "
                                      f"(SELECT oid FROM pg_database WHERE datname = '{acme.name}')") == "1", "a lock")
    role = f"SELECT rolcanlogin, rolconnlimit, rolpassword FROM pg_authid WHERE rolname = '{acme.name}'"
    before = acme.superuser(role)
    restoring = subprocess.Popen([SCRIPT, "restore", acme.slipway.data, copy], stderr=subprocess.PIPE, text=True)
    wait_until(lambda: acme.superuser("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_restore' "
                                      f"AND usename = '{acme.name}'") == "1", "the customer's own login restores")
    refused = acme.slipway.psql(acme.url, "SELECT 1", check=False)
    assert refused.returncode != 0 and "password authentication failed" in refused.stderr
    assert restoring.wait(timeout=60) == 0, restoring.stderr.read()
    assert "terminating connection" in holder.communicate("SELECT 1;\n", timeout=30)[1]
    assert acme.superuser(role) == before
    assert acme.ask("SELECT x FROM public.t") == "1"


def test_a_suspended_customers_database_is_restored_and_stays_closed(acme):
    acme.ask("CREATE TABLE public.t AS SELECT 1 AS x")
    copy = acme.dump()
    acme.ask("UPDATE public.t SET x = 2")
    acme.slipway.cli("suspend", acme.tenant["tenantId"])
    acme.slipway.wait_status(acme.tenant["tenantId"], "suspended")
    restored = acme.restore(copy)
    assert restored.returncode == 0, restored.stderr
    assert "not permitted to log in" in acme.slipway.psql(acme.url, "SELECT 1", check=False).stderr
    acme.slipway.cli("resume", acme.tenant["tenantId"])
    acme.slipway.wait_status(acme.tenant["tenantId"], "active")
    assert acme.ask("SELECT x FROM public.t") == "1"


def test_half_a_copy_and_a_strangers_file_change_nothing(acme):
    acme.ask("CREATE TABLE public.t AS SELECT g AS x, md5(g::text) FROM generate_series(1, 20000) g")
    copy = acme.dump()
    acme.ask("DELETE FROM public.t WHERE x > 7")
    half = copy.parent / "half" / copy.name
    half.parent.mkdir()
    half.write_bytes(copy.read_bytes()[:copy.stat().st_size * 9 // 10])
    other = copy.with_name("postgres.dump")
    other.write_bytes(copy.read_bytes())
    for file in (half, other):
        assert acme.restore(file).returncode == 1
    assert acme.ask("SELECT count(*) FROM public.t") == "7"


def test_an_extension_of_the_superusers_is_made_in_an_empty_database_only(acme):
    acme.superuser("CREATE EXTENSION bloom SCHEMA public", acme.name)
    acme.ask("CREATE EXTENSION pgcrypto; CREATE TABLE public.t (x int); CREATE INDEX ON public.t USING bloom (x); "
             "INSERT INTO public.t VALUES (1)")
    copy = acme.dump()
    done = acme.restore(copy)
    assert done.returncode == 0, done.stderr            # it is there, and stays
    acme.superuser("DROP EXTENSION bloom CASCADE", acme.name)
    done = acme.restore(copy)
    assert done.returncode == 1 and "not empty" in done.stderr
    assert acme.ask("SELECT x FROM public.t") == "1"
    acme.ask("DROP OWNED BY CURRENT_USER CASCADE")
    done = acme.restore(copy)
    assert done.returncode == 0, done.stderr
    assert acme.ask("SELECT x FROM public.t") == "1"
    assert acme.superuser("SELECT rolname FROM pg_extension JOIN pg_roles r ON r.oid = extowner WHERE extname = 'bloom'",
                          acme.name) == "slipway"
