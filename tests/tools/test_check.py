"""./check: which part belongs to which run, and what its last line says."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]


def check(*arguments):
    return subprocess.run([ROOT / "check", *arguments], capture_output=True, text=True, timeout=60)


def test_each_part_belongs_to_one_run_and_has_its_function():
    listed = [line.split(maxsplit=2) for line in check("--list").stdout.splitlines()]
    runs = {run: [name for name, whose, _ in listed if whose == run] for run in ("check", "all")}
    assert runs["check"] == ["setup", "build", "tidy", "unit", "contract", "simulation", "e2e", "docs"]
    assert {"crash", "aws", "aws-way", "load", "bench-smoke", "fuzz", "sanitizers"} <= set(runs["all"])
    assert len(runs["check"]) + len(runs["all"]) == len(listed)
    functions = set(re.findall(r"^part_(\w+)\(\)", (ROOT / "check").read_text(), re.M))
    assert functions == {name.replace("-", "_") for name, _, _ in listed}


def test_an_unknown_part_or_option_is_an_error():
    unknown = check("--only", "nothing")
    assert unknown.returncode == 1 and "setup build tidy" in unknown.stderr
    assert check("--never").returncode == 2


PASSED, FAILED = '<testcase name="a"/>', '<testcase name="b"><failure/></testcase>'
SKIPPED = '<testcase name="c"><skipped message="no Docker"/></testcase>'


@pytest.mark.parametrize("parts, status, last", [
    ({"unit": (0, PASSED + SKIPPED)}, 0, "1 passed, 0 failed, 1 skipped"),
    ({"unit": (1, PASSED + FAILED)}, 1, "1 passed, 1 failed, 0 skipped"),
    ({"unit": (1, PASSED)}, 1, "1 passed, 1 failed, 0 skipped"),          # it ended badly, whatever it wrote before
    ({"unit": (0, PASSED), "e2e": (0, SKIPPED)}, 1, "1 passed, 1 failed, 1 skipped"),
    ({"unit": (0, "")}, 1, "0 passed, 1 failed, 0 skipped"),
    ({"setup": (0, "")}, 0, "0 passed, 0 failed, 0 skipped"),             # has no tests
])
def test_a_run_passes_only_where_each_part_ran_tests_and_ended_well(tmp_path, parts, status, last):
    lines = []
    for name, (ended, cases) in parts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.xml").write_text(f"<testsuite>{cases}</testsuite>")
        lines.append(f"{name}\t{ended}\t1\n")
    (tmp_path / "parts.tsv").write_text("".join(lines))
    done = subprocess.run([sys.executable, ROOT / "tools/summary.py", tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (status, last)
