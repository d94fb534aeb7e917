"""Rules for any text: tests that wait, notes to self, machine paths, dead links, READMEs of drivers."""

import fnmatch
import re

from tree import Offence, rule

NOT_TEXT = r"\.(png|ico|gz|tar|db|pem|crt|key)$"
# These files hold the very words that they look for.
THIS = r"tests/tidy/"
TESTS = r"(.*_test\.cpp|tests/(contract|e2e|sim|aws|browser)/.*\.(cpp|hpp|py|sh))"

WAIT = "sle" + "ep"
SLEEP = re.compile(rf"\b{WAIT}_(for|until)\s*\(|(?<![\w:>])u?{WAIT}\s*\(|\b(time|asyncio)\.{WAIT}\s*\(")
LOOP = re.compile(r"\b(while|for|do|until)\b")


@rule(
    "tests wait for a condition, not for time to pass",
    bad={"src/base/a_test.cpp": f"TEST(A, B) {{\n  start();\n  std::this_thread::{WAIT}_for(50ms);\n  EXPECT_TRUE(done());\n}}\n"},
    good={"src/base/a_test.cpp": f"while (!done() && now() < deadline) {{\n  {WAIT}_for(1ms);\n}}\n",
          "tests/e2e/test_a.py": f"def f():\n    # Slow on purpose: the client's limit is shorter.\n    time.{WAIT}(1)\n"},
)
def no_waiting(tree):
    for path in tree.find(TESTS):
        lines = [""] * 3 + [line for _, line in tree.lines(path)]
        for at, line in enumerate(lines):
            if not SLEEP.search(line.split("//")[0].split("#")[0]):
                continue
            # The pause of a loop that polls, or a peer that is slow on purpose and says so.
            polls = any(LOOP.search(before) for before in lines[max(0, at - 3):at + 1])
            slow = any("on purpose" in before.lower() for before in lines[max(0, at - 2):at + 1])
            if not polls and not slow:
                yield Offence(path, at - 2, "a bare pause: poll for the condition with a deadline, or say 'slow on purpose'")


@rule(
    "no notes to self",
    bad={"src/base/a.cpp": "// TO" + "DO: later\n"},
    good={"src/base/a.cpp": "// Everything is done.\n"},
)
def no_notes(tree):
    for path in tree.paths:
        if re.search(NOT_TEXT, path) or path.startswith(THIS):
            continue
        for number, line in tree.lines(path):
            if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line) and "no TODO" not in line and '"TODO"' not in line:
                yield Offence(path, number, "a note to self: do it, or write an issue")


@rule(
    "no paths of one machine",
    bad={"src/base/a.cpp": 'open("/' + 'work/main/x");\n'},
    good={"src/base/a.cpp": 'open("build/work/x");  // ../work/y\n'},
)
def machine_paths(tree):
    for path in tree.paths:
        if re.search(NOT_TEXT, path) or path.startswith(THIS):
            continue
        for number, line in tree.lines(path):
            found = re.search(r"(?<![\w.$}*/-])/(work|root|home/\w+)/(?!\.)", line)
            if found:
                yield Offence(path, number, f"{found.group()}… is a path of somebody's machine")


@rule(
    "no mangled names: a rename, or another compiler, makes them silently wrong",
    bad={"src/app/lambda/order.ld": "*(.text._Z" + "N7slipway4mainEv)\n"},
    good={"src/app/lambda/order.ld": "*libcrypto.a:*(.text)\n", "src/base/a.cpp": "int _Z = 1;\n"},
)
def mangled_names(tree):
    for path in tree.paths:
        if re.search(NOT_TEXT, path):
            continue
        for number, line in tree.lines(path):
            found = re.search(r"_Z(N[A-Z]*\d|\d+[a-z])", line)
            if found:
                yield Offence(path, number, "let the build make what names these")


@rule(
    "links and paths in Markdown lead somewhere",
    bad={"README.md": "See [the guide](docs/none.md).\n", "docs/a.md": "See `src/base/none.hpp`.\n"},
    good={"README.md": "See [a](docs/a.md#top), [b](https://example.com/x), `src/base/`, `src/<folder>/x`, `src/*/y`.\n"
                       "```\n[not a link](nowhere.md)\n```\n", "docs/a.md": "[up](../README.md)\n", "src/base/a.cpp": "\n"},
)
def dead_links(tree):
    for path in tree.find(r".*\.md"):
        fenced = False
        for number, line in tree.lines(path):
            if line.lstrip().startswith("```"):
                fenced = not fenced
            if fenced:
                continue
            for target in re.findall(r"\]\(([^)\s]+)[^)]*\)", line):
                if not re.match(r"\w+:|#", target) and not link_exists(tree, path, target.split("#")[0]):
                    yield Offence(path, number, f"dead link: {target}")
            for target in re.findall(r"`((?:src|tests|tools|docs|examples|bench|deploy|cmake|share)/[^`\s]*)`", line):
                name = re.sub(r"(:\d+)?[,.;]?$", "", target)
                if not re.search(r"[<>*{}…$|]", name) and not tree.exists(name) and not link_exists(
                        tree, path, name):
                    yield Offence(path, number, f"there is no {name}")


def link_exists(tree, path, target):
    folder = path.rpartition("/")[0]
    return tree.exists(target.lstrip("/") if target.startswith("/") else f"{folder}/{target}" if folder else target)


@rule(
    "every driver has a README.md",
    bad={"src/drivers/mail/smtp/a.cpp": "\n"},
    good={"src/drivers/mail/smtp/a.cpp": "\n", "src/drivers/mail/smtp/README.md": "# smtp\n"},
)
def driver_readme(tree):
    for folder in sorted({path.rsplit("/", 1)[0] for path in tree.find(r"src/drivers/[^/]+/[^/]+/[^/]+\.cpp")}):
        if not tree.exists(f"{folder}/README.md"):
            yield Offence(f"{folder}/", 1, "lacks a README.md: what it needs, what it promises, how to try it")


@rule(
    "a folder's README.md says where each of its files belongs",
    bad={"src/api/README.md": "# api\n\n- `gate*`, `gone*`: who may.\n", "src/api/gate.cpp": "\n", "src/api/new.cpp": "\n"},
    good={"src/api/README.md": "# api\n\n- `gate*`: who may.\n  `new.cpp`: what is new.\n", "src/api/gate.cpp": "\n",
          "src/api/new.hpp": "\n", "src/api/new.cpp": "\n", "src/api/x_test.cpp": "\n", "src/api/test_api.hpp": "\n"},
)
def folder_readme(tree):
    """A word of a list that is no file's name (`Config`) does no harm; a name with a star or an ending must fit one."""
    sources = [path for path in tree.find(r"src/(?!drivers/)[\w/]+/\w+\.(cpp|hpp)")
               if not re.search(r"_test\.cpp$|/test_\w+\.hpp$|/(harness|testing)\.hpp$|^src/(init|app/lambda)/", path)]
    for folder in sorted({path.rpartition("/")[0] for path in sources}):
        readme = f"{folder}/README.md"
        if not tree.exists(readme):
            yield Offence(f"{folder}/", 1, "lacks a README.md: which file is about what, in five lines")
            continue
        names = [path.rpartition("/")[2] for path in sources if path.rpartition("/")[0] == folder]
        words = [word for _, line in tree.lines(readme) if line.startswith(("- ", "  ")) for word in re.findall(r"`([^`]+)`", line)]
        for name in names:
            pair = [name, name.replace(".hpp", ".cpp"), name.replace(".cpp", ".hpp")]
            if not any(fnmatch.fnmatch(other, word) for other in pair for word in words):
                yield Offence(f"{folder}/", 1, f"README.md does not say what {name} is about")
        for word in words:
            if re.fullmatch(r"[\w*]+(\*|\.cpp|\.hpp)", word) and not fnmatch.filter(names, word):
                yield Offence(f"{folder}/", 1, f"README.md names {word}, which is not there")
