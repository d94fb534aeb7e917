"""The harness itself: what it must let pass, and what it must not."""

import pytest
from page import Block, Command, blocks, matches
from shell import Mismatch, Shell


@pytest.mark.parametrize("expected, printed, same", [
    (["one", "two"], "one\ntwo\n", True),
    (["one", "two"], "one\n", False),
    (["one"], "one\ntwo\n", False),
    (["a … c"], "a bbb c\n", True),
    (["a … c"], "a bbb d\n", False),
    (["first", "…", "last"], "first\nx\ny\nlast\n", True),
    (["first", "…"], "second\n", False),
    (["A  B"], "A     B\n", True),
    ([], "something\n", False),
])
def test_what_is_printed_is_compared(expected, printed, same):
    assert matches(expected, printed) == same


def test_blocks_and_their_comments(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("text\n<!-- file: a.txt -->\n```\nhello\n```\n\n<!-- not run: no domain -->\n\n```console\n$ x\n```\n"
                    "```console\n$ cat <<E\n> 1\n> E\n1\n$ y\n```\n")
    first, second, third = blocks(page)
    assert (first.file, first.lines, second.not_run) == ("a.txt", ["hello"], "no domain")
    assert [(c.line, c.text, c.expected) for c in third.commands()] == [(13, "cat <<E\n1\nE", ["1"]), (17, "y", [])]
    with pytest.raises(ValueError):
        Block(page, 1, "console", ["no command"]).commands()


def test_a_shell_remembers_and_a_failure_is_no_surprise(place, docker):
    shell = Shell(place, docker, 99)
    shell.run(Command(1, "export A=b && mkdir d && cd d", []))
    shell.run(Command(2, "echo $A ${PWD##*/}", ["b d"]))
    shell.run(Command(3, "false", []))
    with pytest.raises(Mismatch):
        shell.run(Command(4, "true", []))
    shell.run(Command(5, "echo $?", ["1"]))
    with pytest.raises(Mismatch):
        shell.run(Command(6, "echo right", ["wrong"]))
