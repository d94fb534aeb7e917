"""A page of the documentation, read for what can be run.

A block ```console holds lines `$ command`, each followed by what it prints: `…` stands for anything within a line, and a
line that is only `…` for any number of lines. `> ` goes on with a command. HTML comments before a block:

  <!-- file: slipway.yaml -->   the block is written to that file
  <!-- not run: reason -->      the block needs what a test machine lacks
  <!-- instead: PROGRAM -->     this tree's PROGRAM does, without a container registry, what the block does with one
  <!-- server: FILE -->         a server with this tree's FILE as its slipway.yaml runs by then
"""

import dataclasses
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
COMMENT = re.compile(r"<!-- (file|not run|instead|server): (.+?) -->\s*$")
FENCE = re.compile(r"^(\s*)```\s*(\S*)")


@dataclasses.dataclass
class Command:
    line: int
    text: str
    expected: list


@dataclasses.dataclass
class Block:
    page: pathlib.Path
    line: int
    language: str
    lines: list
    file: str = ""
    not_run: str = ""
    instead: str = ""
    server: str = ""

    def commands(self):
        found = []
        for number, line in enumerate(self.lines, self.line + 1):
            if line.startswith("$ "):
                found.append(Command(number, line[2:], []))
            elif line.startswith("> ") and found and not found[-1].expected:
                found[-1].text += "\n" + line[2:]
            elif found and found[-1].text.endswith("\\") and not found[-1].expected:
                found[-1].text += "\n" + line
            elif found:
                found[-1].expected.append(line)
            else:
                raise ValueError(f"{self.page}:{number}: a console block begins with `$ command`")
        return found

    def name(self):
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def pages():
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(page):
    found, block, before = [], None, ""
    for number, line in enumerate(page.read_text().splitlines(), 1):
        fence = FENCE.match(line)
        if fence and block is None:
            block = Block(page, number, fence.group(2), [])
            comment = COMMENT.match(before)
            if comment:
                setattr(block, comment.group(1).replace(" ", "_"), comment.group(2))
        elif fence:
            found.append(block)
            block, before = None, ""
        elif block is not None:
            block.lines.append(line)
        elif line.strip():
            before = line.strip()
    if block is not None:
        raise ValueError(f"{block.name()}: the block does not end")
    return found


def prose(page):
    """The lines outside of blocks, with their numbers."""
    inside = False
    for number, line in enumerate(page.read_text().splitlines(), 1):
        if FENCE.match(line):
            inside = not inside
        elif not inside:
            yield number, line


def _line_pattern(line):
    words = re.sub(r"\s+", " ", line.strip())
    return ".*?".join(re.escape(part) for part in words.split("…"))


def matches(expected, printed):
    """Whether what was printed is what was expected. Runs of blanks count as one: columns move."""
    pattern = ""
    for line in expected:
        if not line.strip():
            continue
        pattern += r"(?:[^\n]*\n)*?" if line.strip() == "…" else _line_pattern(line) + r"\n"
    lines = [re.sub(r"\s+", " ", line.strip()) for line in printed.splitlines()]
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines if line)) is not None
