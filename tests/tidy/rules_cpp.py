"""Rules for C++: who may include whom, length, coroutines, swallowed exceptions."""

import re

from tree import CODE_FOLDERS, CPP, Offence, code_only, line_at, rule

# A folder includes only itself and what stands above it.
ORDER = ["base", "os", "model", "contracts", "net", "aws", "engine", "metrics", "drivers", "api", "lambda", "web", "cli", "config", "init", "deploy", "app"]
# Folders below src/drivers that are no drivers but what the drivers of one family share.
SHARED = {"drivers/mail/rfc5322", "drivers/ecs_common"}
WARN_LINES, MOST_LINES = 300, 400


def shared(included):
    return any(included.startswith(folder + "/") for folder in SHARED)


INCLUDE = re.compile(r'\s*#\s*include\s+"([^"]+)"')


def includes(tree, path):
    for number, line in tree.lines(path):
        found = INCLUDE.match(line)
        if found:
            yield number, found.group(1)


@rule(
    "folders of src include only folders above them",
    bad={"src/model/a.hpp": '#pragma once\n#include "engine/b.hpp"\n'},
    good={"src/engine/b.cpp": '#include "engine/b.hpp"\n#include "base/c.hpp"\n', "src/engine/b_test.cpp": '#include "tests/fakes/f.hpp"\n'},
)
def include_direction(tree):
    for path in tree.find(rf"src/{CPP}"):
        folder = path.split("/")[1]
        if folder not in ORDER:
            yield Offence(path, 1, f"src/{folder} has no place in the order of folders: {', '.join(ORDER)}")
            continue
        for number, included in includes(tree, path):
            other = included.split("/")[0]
            if other not in ORDER:
                continue  # a library's header, or a test's helper
            if ORDER.index(other) > ORDER.index(folder):
                yield Offence(path, number, f"src/{folder} may not include {included}: {other} stands below it")
            elif other == "drivers" and folder not in ("drivers", "init", "deploy", "app"):
                yield Offence(path, number, f"only programs know the drivers, but this includes {included}")


@rule(
    "only src/metrics knows Prometheus",
    bad={"src/engine/a.cpp": "#include <prometheus/counter.h>\n"},
    good={"src/metrics/a.cpp": "#include <prometheus/counter.h>\n"},
)
def prometheus_place(tree):
    for path in tree.find(rf"src/{CPP}"):
        for number, line in tree.lines(path):
            if "#include <prometheus/" in line and not path.startswith("src/metrics/"):
                yield Offence(path, number, "tell an Observer instead (src/contracts/observer.hpp)")


@rule(
    "drivers never include each other",
    bad={"src/drivers/mail/smtp/a.cpp": '#include "drivers/mail/resend/b.hpp"\n'},
    good={"src/drivers/mail/smtp/a.cpp": '#include "drivers/mail/smtp/b.hpp"\n#include "drivers/mail/rfc5322/c.hpp"\n'},
)
def drivers_apart(tree):
    for path in tree.find(rf"src/drivers/[^/]+/[^/]+/{CPP}"):
        own = "/".join(path.split("/")[1:4])
        for number, included in includes(tree, path):
            other = "/".join(included.split("/")[:3])
            if included.startswith("drivers/") and other != own and not shared(included):
                yield Offence(path, number, f"{own} may not include another driver: {included}")


@rule(
    "files of src are short",
    bad={"src/base/a.cpp": "int x;\n" * (MOST_LINES + 1)},
    good={"src/base/a.cpp": "int x;\n" * WARN_LINES, "src/base/a_test.cpp": "int x;\n" * 900},
)
def file_length(tree):
    for path in tree.find(rf"src/{CPP}"):
        if path.endswith("_test.cpp"):
            continue
        count = len(tree.lines(path))
        if count > MOST_LINES:
            yield Offence(path, count, f"{count} lines; past {MOST_LINES} a file is asking to be two things")
        elif count > WARN_LINES:
            print(f"note: {path} has {count} lines; past {MOST_LINES} it must be split")


@rule(
    "coroutines only in src/net",
    bad={"src/engine/a.cpp": "task f() { co_await g(); }\n"},
    good={"src/net/a.cpp": "task f() { co_await g(); }\n", "src/engine/b.cpp": "// co_await miscompiles here\n"},
)
def coroutine_place(tree):
    for path in tree.find(CODE_FOLDERS + CPP):
        if path.startswith("src/net/"):
            continue
        text = code_only(tree.text(path))
        for found in re.finditer(r"\bco_(await|return|yield)\b", text):
            yield Offence(path, line_at(text, found.start()), "coroutines belong into src/net; write plain blocking code")


@rule(
    "no co_await shape that GCC 12 miscompiles",
    bad={"src/net/a.cpp": "task f() { co_await g([x] { return x; }); }\n",
         "src/net/b.cpp": "task f() { co_await g({.name = n}); }\n",
         "src/net/c.cpp": "task f() { co_await (x ? a() : b()); }\n"},
    good={"src/net/a.cpp": "task f() { auto h = [x] { return x; };\n  auto y = x ? a() : b();\n  co_await g(h, y[0]); }\n"},
)
def coroutine_shapes(tree):
    shapes = [
        (r"\[[^\[\]]*\]\s*(\([^()]*\)\s*)?(mutable\s*)?(->[^{;]*)?\{", "a lambda made inside it"),
        (r"[(,]\s*\{", "an aggregate made inside it"),
        (r"\s\?\s", "a ?: inside it"),
    ]
    for path in tree.find(rf"src/net/{CPP}"):
        text = code_only(tree.text(path))
        for found in re.finditer(r"\bco_await\b[^;]*", text):
            for shape, words in shapes:
                if re.search(shape, found.group()):
                    yield Offence(path, line_at(text, found.start()), f"co_await with {words}: name it first (docs/STYLE.md)")


@rule(
    "headers begin with #pragma once",
    bad={"src/base/a.hpp": "#ifndef A\n#define A\n#endif\n"},
    good={"src/base/a.hpp": "#pragma once\n"},
)
def pragma_once(tree):
    for path in tree.find(CODE_FOLDERS + r".*\.hpp"):
        if not tree.text(path).startswith("#pragma once\n"):
            yield Offence(path, 1, "the first line of a header is #pragma once")


@rule(
    "catch (...) hides nothing",
    bad={"src/base/a.cpp": "void f() { try { g(); } catch (...) { /* never mind */ } }\n"},
    good={"src/base/a.cpp": "void f() { try { g(); } catch (...) { if (x) { h(); } throw; } }\n"
                            "void e() { try { g(); } catch (...) { failed = std::current_exception(); } }\n"},
)
def swallowed(tree):
    kept = re.compile(r"\bthrow\b|\bcurrent_exception\b|\b(std::)?(abort|terminate|_Exit|_exit)\b")
    for path in tree.find(CODE_FOLDERS + CPP):
        text = code_only(tree.text(path))
        for found in re.finditer(r"\bcatch\s*\(\s*\.\.\.\s*\)\s*\{", text):
            if not kept.search(block_at(text, found.end() - 1)):
                words = "catch (...) must rethrow, keep current_exception() or end the program; else catch a type"
                yield Offence(path, line_at(text, found.start()), words)


def block_at(text, brace):
    """The text between this brace and the one that closes it."""
    depth = 0
    for at in range(brace, len(text)):
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return text[brace + 1:at]
    return text[brace + 1:]
