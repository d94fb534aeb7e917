"""Links, keys and commands that pages name exist; configurations that they show are accepted."""

import os
import re
import subprocess

import pytest
from page import ROOT, blocks, pages, prose
from world import binary

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`]+)`")
EVERY_MARKDOWN = sorted(path for path in ROOT.rglob("*.md") if "build" not in path.relative_to(ROOT).parts)
BY_PAGE = pytest.mark.parametrize("page", EVERY_MARKDOWN, ids=lambda page: str(page.relative_to(ROOT)))


def anchors(page):
    """As GitHub makes them of headings: lower case, without punctuation, `-` for blanks, numbered when repeated."""
    seen, found = {}, set()
    for _, line in prose(page):
        heading = re.match(r"#+\s+(.*)", line)
        if heading:
            name = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()).replace(" ", "-")
            found.add(name if name not in seen else f"{name}-{seen[name]}")
            seen[name] = seen.get(name, 0) + 1
    return found


def dead_links(page):
    for number, line in prose(page):
        for target in LINK.findall(re.sub(CODE, "", line)):
            if re.match(r"\w+:", target):
                continue
            path, _, anchor = target.partition("#")
            other = (page.parent / path).resolve() if path else page
            if not other.exists():
                yield f"{number}: {target}: no such file"
            elif anchor and other.suffix == ".md" and anchor not in anchors(other):
                yield f"{number}: {target}: no such heading; there are {sorted(anchors(other))}"


def configuration_keys():
    return set(re.findall(r'^      \{"([^"]+)",\s+at<', (ROOT / "src/config/keys.cpp").read_text(), re.MULTILINE))


def is_key(name, keys):
    pattern = re.sub(r"\[\]", "", name)
    known = [re.sub(r"\[\]", "", key) for key in keys]
    for key in known:
        parts, wanted = key.split("."), pattern.split(".")
        if len(wanted) <= len(parts) and all(p in ("*", w) for p, w in zip(parts, wanted)):
            return True
    return False


def unknown_keys(page, keys):
    sections = sorted({key.split(".")[0] for key in keys})
    for number, line in prose(page):
        for code in CODE.findall(line):
            shaped = re.fullmatch(rf"({'|'.join(sections)})(\.[\w*\[\]-]+)+(: .*)?", code)
            template = re.match(r"db\.|tenant\.", code)
            files = re.search(r"\.(db|json|log|md|yaml|conf|hpp|cpp|py|c|js)$", code)
            if shaped and not template and not files and not is_key(code.split(":")[0], keys):
                yield f"{number}: {code}: no such key"


def help_of(*command):
    return subprocess.run([binary(), *command, "--help"], capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="session")
def commands():
    names = re.findall(r"^  ([a-z]+)  ", help_of(), re.MULTILINE)
    helps = {name: help_of(name) for name in names}
    for name, text in list(helps.items()):   # the options of `keys create` and its like
        for inner in re.findall(r"^  ([a-z]+)  ", text, re.MULTILINE):
            helps[name] += help_of(name, inner)
    return helps


def unknown_commands(page, commands):
    told = [(number, code) for number, line in prose(page) for code in CODE.findall(line)]
    for block in blocks(page):
        if block.language in ("console", "sh", ""):
            told += [(block.line + n, re.sub(r"^\$ ", "", line)) for n, line in enumerate(block.lines, 1)
                     if block.language == "sh" or line.startswith("$ ")]
    for number, code in told:
        call = re.match(r"(?:sudo )?(?:\S*/)?slipway (?:--\S+ \S+ )?([a-z]+)\b(.*)", code)
        if not call:
            continue
        name, rest = call.groups()
        if name not in commands:
            yield f"{number}: {code}: no command of that name"
            continue
        for option in re.findall(r"(?<=\s)--[a-z-]+", re.sub(r'"[^"]*"|#.*|\|.*|&&.*', "", rest)):
            if option not in commands[name] + commands["help"]:
                yield f"{number}: {code}: {name} has no {option}"


@BY_PAGE
def test_links_lead_somewhere(page):
    assert not list(dead_links(page))


@BY_PAGE
def test_keys_exist(page):
    assert not list(unknown_keys(page, configuration_keys()))


@BY_PAGE
def test_commands_exist(page, commands):
    assert not list(unknown_commands(page, commands | {"help": help_of()}))


# Those that a page writes to a file are run by test_pages.py.
CONFIGURATIONS = [block for page in EVERY_MARKDOWN for block in blocks(page) if block.language == "yaml"
                  and not block.file and re.search(r"^app:", "\n".join(block.lines), re.MULTILINE)]


@pytest.mark.parametrize("block", CONFIGURATIONS, ids=[block.name() for block in CONFIGURATIONS])
def test_configurations_are_accepted(block, tmp_path):
    text = "\n".join(block.lines)
    for name in re.findall(r"file:(/[^\"\s]+)", text):
        secret = tmp_path / name.replace("/", "_")
        secret.write_text("postgresql://admin:x@127.0.0.1:1/postgres\n" if "database" in name else "secret\n")
        text = text.replace(f"file:{name}", f"file:{secret}")
    environment = os.environ | {name: "value" for name in re.findall(r"\$\{(\w+)\}", text)}
    (tmp_path / "slipway.yaml").write_text(text + "\n")
    check_configuration(tmp_path / "slipway.yaml", environment)


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/*/slipway.yaml")), ids=lambda file: file.parent.name)
def test_examples_are_accepted(file):
    check_configuration(file, os.environ)


def check_configuration(file, environment):
    done = subprocess.run([binary(), "--config", file, "config", "check"], env=environment, capture_output=True,
                          text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# The checks themselves can fail.


def test_a_page_of_mistakes_is_found_out(tmp_path, commands):
    page = tmp_path / "page.md"
    page.write_text("# A page\n[a](nowhere.md) [b](#a-page) [c](#another)\n`access.domane` `access.domain` `app.env.NAME`\n"
                    "`slipway fly` `slipway rm --yes` `slipway rm --hard`\n")
    assert [line.split(":")[1].strip() for line in dead_links(page)] == ["nowhere.md", "#another"]
    assert list(unknown_keys(page, configuration_keys())) == ["3: access.domane: no such key"]
    assert [line.split(": ")[-1] for line in unknown_commands(page, commands | {"help": help_of()})] == [
        "no command of that name", "rm has no --hard"]
