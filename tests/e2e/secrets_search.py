"""Looks for secrets where none may be: in every log, mail, ledger, answer and process list of a whole run of the tests.

Each server that a test takes down is searched (world.Server.destroy), what it knew and what it wrote; a thread looks at
the process list all the time. test_zz_secrets.py, which comes last, fails for what was found.
"""

import base64
import json
import os
import pathlib
import re
import threading
import urllib.parse

MOST_ANSWERS = 2_000       # of one server's that are kept for the search
SAMPLE_SECONDS = 0.2
SHORTEST = 12              # what is shorter may stand somewhere by chance


def spellings(secret):
    """A secret as it is, and as it travels."""
    raw = secret.encode()
    return {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret, safe="").lower(), json.dumps(secret)[1:-1],
            base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode(), raw.hex()}


class Search:
    """The secrets of one installation, by what they are, and what was found of them: (what, place)."""

    def __init__(self):
        self.secrets, self.found, self.places = {}, set(), 0

    def know(self, what, secret):
        if secret and len(secret) >= SHORTEST:
            self.secrets.setdefault(secret, what)

    def look(self, place, text, allowed=()):
        """`allowed` names what this place exists to give."""
        self.places += 1
        for secret, what in self.secrets.items():
            if what not in allowed and any(form in text for form in spellings(secret)):
                self.found.add((what, place))


class ProcessList:
    """Every command line that was ever seen while it watched."""

    def __init__(self):
        self.seen = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def start(self):
        self._thread.start()

    def stop(self):
        self._end.set()
        self._thread.join(10)

    def look_once(self):
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                line = pathlib.Path(entry.path, "cmdline").read_bytes()
            except OSError:
                continue
            if line and len(self.seen) < 200_000:
                self.seen.add(line.replace(b"\0", b" ").decode("utf-8", "replace"))

    def _watch(self):
        while not self._end.wait(SAMPLE_SECONDS):
            self.look_once()


class Run:
    """All of a run: its process list, and the searches of its servers."""

    def __init__(self):
        self.processes = ProcessList()
        self.searches = []

    def add(self, search):
        self.searches.append(search)

    def findings(self):
        found = set().union(*(search.found for search in self.searches)) if self.searches else set()
        everything = "\n".join(self.processes.seen)
        for search in self.searches:
            for secret, what in search.secrets.items():
                if any(form in everything for form in spellings(secret)):
                    found.add((what, "the process list"))
        return found


RUN = Run()


def secrets_of_config(text):
    """What slipway.yaml itself holds: passwords and keys, also inside URLs, and what the app's environment calls so."""
    for name, value in re.findall(r"\b(password|api_key): *[\"']?([^\s\"'},]+)", text):
        yield f"the configuration's {name}", value
    for value in re.findall(r"\b[A-Z0-9_]*(?:KEY|SECRET|TOKEN|PASSWORD)[A-Z0-9_]*\"?: *[\"']?([^\s\"'},]+)", text):
        yield "a secret of app.env", value
    for value in re.findall(r"\burl: *\"?\w+://[^:/\s]+:([^@\s]+)@", text):
        yield "the database administrator's password", value


def secrets_from_elsewhere(server):
    """What slipway.yaml takes from the environment and from files, and the log-ins of registries."""
    text = read(server.config)
    for name in re.findall(r"(?<!\$)\$\{(\w+)\}", text):
        yield "a value of the environment", server.env.get(name, os.environ.get(name, ""))
    for path in re.findall(r"\bfile:([^\s\"'},]+)", text):
        yield "a secret of a file", read(server.directory / path).strip()
    for path in re.findall(r"\bconfig: *\"?([^\s\"},]+)", text):
        for auth in re.findall(r'"auth": *"([^"]+)"', read(server.directory / path)):
            yield "a registry's log-in", base64.b64decode(auth).decode().partition(":")[2]


def search(server):
    """What one server knew, looked for in all that it wrote and answered. To be called while its containers are there."""
    known = Search()
    known.know("the master key", read(server.data / "master.key").strip())
    for key in server.keys:
        known.know("an API key", key)
    for what, secret in secrets_of_config(read(server.config)):
        if not secret.startswith(("${", "file:", "{{")):
            known.know(what, secret)
    for what, secret in secrets_from_elsewhere(server):
        for line in secret.splitlines():
            known.know(what, line)
    if server.docker and server.installation():
        for container in server.docker.containers(installation=server.installation()):
            for value in server.docker.environment(container, missing_ok=True).values():
                for password in re.findall(r"://[^:/@\s]+:([^@/\s]+)@", value):
                    known.know("a tenant's database password", password)
    for _, text in server.answers:
        for token in re.findall(r"token=([0-9a-f]{32})", text):
            known.know("a status token", token)

    known.look("the log", read(server.log))
    for path in server.outbox.glob("*.eml"):
        known.look("a mail", decoded_mail(path))
    for path in [server.data / "ledger.db", server.data / "ledger.db-wal"]:
        known.look("the ledger, with timelines and audit trail", read(path))
    for path in (server.data / "postgres").rglob("*.log"):
        known.look("Postgres' log", read(path))
    for asked, text in server.answers:
        known.look(f"the answer to {asked}", text, gives(asked))
    for text in server.printed:
        known.look("what the command line printed", text, {"an API key", "a status token"})
    return known


def gives(asked):
    """What an answer exists to give."""
    if asked == "POST /v1/keys":
        return {"an API key"}
    if asked == "POST /provision":
        return {"a status token"}
    return set()


def decoded_mail(path):
    import email
    import email.policy

    raw = path.read_bytes()
    mail = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([raw.decode("latin-1"), *parts])


def read(path):
    try:
        return path.read_bytes().decode("latin-1")
    except OSError:
        return ""
