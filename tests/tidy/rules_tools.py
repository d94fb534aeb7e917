"""Rules that other programs check: clang-format, bash, shellcheck, Python's own parser."""

import ast
import re
import shutil
import subprocess

from tree import CODE_FOLDERS, CPP, Offence, rule


def program(*names):
    for name in names:
        if shutil.which(name):
            return name
    raise FileNotFoundError(f"{names[0]} is not installed (tools/packages.txt, group test)")


def run(tree, *command):
    done = subprocess.run(command, cwd=tree.root, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@rule(
    "C++ is formatted as .clang-format says",
    bad={"src/base/a.cpp": "int   x ;\n", ".clang-format": "BasedOnStyle: Google\n"},
    good={"src/base/a.cpp": "int x;\n", ".clang-format": "BasedOnStyle: Google\n"},
)
def formatted(tree):
    files = tree.find(CODE_FOLDERS + CPP)
    if not files:
        return
    _, output = run(tree, program("clang-format-14", "clang-format"), "--dry-run", *files)
    for path, number in sorted({(m[1], int(m[2])) for m in re.finditer(r"^(\S+?):(\d+):\d+: warning", output, re.M)}):
        yield Offence(path, number, f"clang-format -i {path}")


def shell_scripts(tree):
    for path in tree.paths:
        if path.endswith(".sh") or re.match(r"#!.*\b(ba)?sh\b", tree.text(path)[:60]):
            yield path


@rule(
    "shell scripts parse",
    bad={"tool": "#!/usr/bin/env bash\nif true; then\n"},
    good={"tool": "#!/usr/bin/env bash\necho hello\n"},
)
def shell_parses(tree):
    for path in shell_scripts(tree):
        status, output = run(tree, "bash", "-n", path)
        if status != 0:
            yield Offence(path, 1, output.strip())


@rule(
    "shellcheck is content with shell scripts",
    bad={"tool": '#!/usr/bin/env bash\nx="a b"\nrm $x\n'},
    good={"tool": '#!/usr/bin/env bash\nx="a b"\nrm "$x"\n'},
)
def shellcheck(tree):
    scripts = list(shell_scripts(tree))
    if not scripts:
        return
    _, output = run(tree, program("shellcheck"), "--external-sources", "--format=gcc", *scripts)
    for found in re.finditer(r"^(\S+?):(\d+):\d+: (.*)$", output, re.M):
        yield Offence(found[1], int(found[2]), found[3])


@rule(
    "Python parses",
    bad={"tool.py": "def f(:\n"},
    good={"tool.py": "def f():\n    pass\n"},
)
def python_parses(tree):
    for path in tree.find(r".*\.py"):
        try:
            ast.parse(tree.text(path))
        except SyntaxError as error:
            yield Offence(path, error.lineno or 1, error.msg)
