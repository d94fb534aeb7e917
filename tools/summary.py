"""Reads what ./check left in its reports folder and prints the table of parts, the failures, and the skips.

summary.py REPORTS

REPORTS/parts.tsv has a line for each part: name, exit status, seconds. REPORTS/<part>/*.xml are its JUnit files, of
ctest, pytest and tests/tidy. Exits with 1 when a part failed, or a part that has tests ran none.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree

WITHOUT_TESTS = {"setup", "build"}


class Part:
    def __init__(self, name, status, seconds):
        self.name, self.status, self.seconds = name, int(status), int(seconds)
        self.passed, self.failed, self.skipped = 0, [], []

    def read(self, folder):
        for file in sorted(folder.glob("*.xml")):
            for case in xml.etree.ElementTree.parse(file).getroot().iter("testcase"):
                self.count(case, file.stem)

    def count(self, case, suite):
        name = f"{suite}: {case.get('name')}"
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            self.failed.append(name)
        elif skipped is not None or case.get("status") in ("notrun", "disabled"):
            self.skipped.append((name, reason_of(case, skipped)))
        else:
            self.passed += 1

    def problem(self):
        if self.failed:
            return ""
        if self.status != 0:
            return f"ended with status {self.status}"
        if self.name not in WITHOUT_TESTS and self.passed == 0:
            return "no test ran"
        return ""


def reason_of(case, skipped):
    """GoogleTest prints its reason on the line after "file:line: Skipped"; pytest puts it into the message."""
    output = case.findtext("system-out") or ""
    found = re.search(r": Skipped\n(.*)", output)
    if found:
        return found.group(1).strip()
    message = skipped.get("message", "") if skipped is not None else ""
    return message or "no reason given"


def read_parts(reports):
    parts = []
    for line in (reports / "parts.tsv").read_text().splitlines():
        part = Part(*line.split("\t"))
        part.read(reports / part.name)
        parts.append(part)
    return parts


def main(reports):
    parts = read_parts(pathlib.Path(reports))
    print(f"{'part':<12} {'passed':>7} {'failed':>7} {'skipped':>8} {'time':>8}")
    for part in parts:
        time = f"{part.seconds // 60}:{part.seconds % 60:02}"
        failed = len(part.failed) + bool(part.problem())
        print(f"{part.name:<12} {part.passed:>7} {failed:>7} {len(part.skipped):>8} {time:>8}  {part.problem()}".rstrip())

    for part in parts:
        for name in part.failed:
            print(f"FAILED   {part.name}: {name}")
    for part in parts:
        for name, reason in part.skipped:
            print(f"skipped  {part.name}: {name}: {reason}")

    passed = sum(part.passed for part in parts)
    failed = sum(len(part.failed) + bool(part.problem()) for part in parts)
    skipped = sum(len(part.skipped) for part in parts)
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped")
    # A run of only `setup` or `build` has no tests to count; it is judged by its status.
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
