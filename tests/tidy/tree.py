"""The files that the rules look at, and what a rule is."""

import dataclasses
import pathlib
import re
import subprocess


@dataclasses.dataclass(frozen=True)
class Offence:
    path: str
    line: int
    words: str

    def __str__(self):
        return f"{self.path}:{self.line}: {self.words}"


class Tree:
    """The tracked files of a checkout, and those that could be: what .gitignore names is not looked at."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, check=True, capture_output=True, text=True).stdout
        self.paths = sorted(path for path in set(listed.split("\0")) if path and (self.root / path).is_file())

    def find(self, pattern):
        """The paths that the regular expression matches from their beginning to their end."""
        return [path for path in self.paths if re.fullmatch(pattern, path)]

    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def lines(self, path):
        """(number, line) of a file, from 1."""
        return list(enumerate(self.text(path).splitlines(), 1))

    def exists(self, path):
        return (self.root / path).exists()


RULES = []


def rule(name, bad, good):
    """Registers a function Tree -> offences. `bad` and `good` are small trees, path -> content: the first must be found
    at fault in its first file, the second must not be found at fault: the rule's own test."""

    def register(function):
        RULES.append((name, function, bad, good))
        return function

    return register


CPP = r".*\.(cpp|hpp)"
CODE_FOLDERS = r"(src|tests|examples|bench)/"

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z])\'(?:\\.|[^\'\\\n])+\'', re.DOTALL)


def code_only(text):
    """C++ with comments gone and the content of strings and characters blanked; lines keep their numbers."""

    def blank(match):
        newlines = "\n" * match.group().count("\n")
        return newlines if match.group().startswith("/") else '""' + newlines

    return _TOKENS.sub(blank, text)


def line_at(text, offset):
    return text.count("\n", 0, offset) + 1
