"""Every console block of every page is run, page by page, in order."""

import subprocess

import pytest
from page import ROOT, Command, blocks, pages
from shell import Mismatch, Shell


def consoles(page):
    return [block for block in blocks(page) if block.language == "console"]


RUN = [page for page in pages() if any(not block.not_run for block in consoles(page))]
NOT_RUN = [block for page in pages() for block in blocks(page) if block.not_run]


def make(block):
    done = subprocess.run([ROOT / block.instead], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip(f"{block.name()}: {done.stderr.strip()}")
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]


@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_says_is_what_happens(page, place, docker):
    shell = Shell(place, docker, RUN.index(page))
    try:
        for block in blocks(page):
            if block.not_run:
                continue
            if block.file:
                shell.write(block.file, block.lines)
            if block.language != "console":
                continue
            if block.instead:
                make(block)
                continue
            if block.server:
                shell.write("slipway.yaml", (ROOT / block.server).read_text().splitlines())
                shell.run(Command(block.line, "slipway serve", ["…"]))
            for command in block.commands():
                try:
                    shell.run(command)
                except Mismatch as mismatch:
                    pytest.fail(f"{page.relative_to(ROOT)}:{command.line}: {mismatch}", pytrace=False)
        assert shell.status == 0, f"the last command of {page.name} ended with {shell.status}"
    finally:
        shell.close()


@pytest.mark.parametrize("block", NOT_RUN, ids=[block.name() for block in NOT_RUN])
def test_what_is_not_run_says_why(block):
    assert len(block.not_run.split()) > 1
    pytest.skip(f"{block.name()} is not run: {block.not_run}")
